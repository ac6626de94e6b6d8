// What stands behind the # of a link reaches no server and no log. It is put into the field that waits for it, and taken
// out of the address; then nobody has to see the field.
const field = document.querySelector("[data-fragment]");
if (field) {
  if (location.hash.length > 1) {
    field.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
  }
  field.closest(".field").hidden = field.value !== "";
}
