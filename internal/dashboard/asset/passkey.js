// A form with data-passkey is sent with what a passkey answered: "get" shows one, "create" makes one. The question is
// asked for when the button is pressed, as it may be answered for a short while only.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const text = (buffer) => {
  if (!buffer) return undefined;
  const raw = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(raw).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const named = (list) => (list ?? []).map((c) => ({ ...c, id: bytes(c.id) }));

function asked(question) {
  const options = { ...question, challenge: bytes(question.challenge) };
  if (question.user) {
    options.user = { ...question.user, id: bytes(question.user.id) };
    options.excludeCredentials = named(question.excludeCredentials);
  } else {
    options.allowCredentials = named(question.allowCredentials);
  }
  return options;
}

function answered(credential) {
  const r = credential.response;
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(r.clientDataJSON),
      attestationObject: text(r.attestationObject),
      transports: r.getTransports?.(),
      authenticatorData: r.authenticatorData && !r.attestationObject ? text(r.authenticatorData) : undefined,
      signature: text(r.signature),
      userHandle: text(r.userHandle),
    },
  });
}

const reasons = {
  NotAllowedError: "Nothing came of it: it was cancelled, or took too long. Try again.",
  InvalidStateError: "This device holds a passkey for you here already.",
  SecurityError: "Passkeys do not work at this address.",
};

// ask answers what is wrong, or nothing where the form is sent.
async function ask(form, more) {
  let question;
  try {
    const at = new URL(form.dataset.question, location.href);
    if (form.elements.name) at.searchParams.set("name", form.elements.name.value);
    const answer = await fetch(at, { cache: "no-store" });
    if (answer.ok && !answer.redirected) question = await answer.json();
  } catch {
    return "The server cannot be reached. Try again.";
  }
  if (question) {
    const publicKey = asked(question);
    try {
      const way = form.dataset.passkey === "create" ? "create" : "get";
      form.elements.credential.value = answered(await navigator.credentials[way]({ publicKey, ...more }));
    } catch (error) {
      return reasons[error.name] ?? `This browser could not do it (${error.name}). Try another way.`;
    }
  }
  form.submit(); // where there was no question, the answer says why
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const said = form.querySelector("[data-passkey-said]");
  const say = (what) => {
    said.textContent = what ?? "";
    said.hidden = !what;
  };
  const at = form.dataset.origin;
  if (!window.PublicKeyCredential) {
    say("This browser knows no passkeys.");
  } else if (at && new URL(at).origin !== location.origin) {
    say(`Passkeys work at ${new URL(at).origin} only.`);
  }
  form.hidden = false;
  form.querySelector("button").disabled = !said.hidden;

  let waiting = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (waiting) return;
    waiting = true;
    say();
    say(await ask(form));
    waiting = false;
  });
}
