// What is shown this once is copied, saved and printed by buttons. The page keeps nothing of it.
for (const box of document.querySelectorAll("[data-once]")) {
  const lines = [...box.querySelectorAll("[data-once-line]")].map((line) => line.textContent.replace(/\s+/g, ""));
  const said = box.querySelector("[data-once-said]");
  const on = (name, act) => box.querySelector(`[data-once-${name}]`)?.addEventListener("click", act);

  on("copy", async () => {
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      said.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(box.querySelector("[data-once-line]").closest("ol, p"));
      said.textContent = "This browser copies nothing by itself: it is selected, copy it with the keyboard.";
    }
  });

  on("save", (event) => {
    const text = `${box.dataset.once} for ${location.host}\n\n${lines.join("\n")}\n`;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
    link.download = event.currentTarget.dataset.onceSave;
    link.click();
    URL.revokeObjectURL(link.href);
    said.textContent = "Saved.";
  });

  on("print", () => print());

  box.querySelector("[data-once-ways]").hidden = false;
}
