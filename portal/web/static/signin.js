'use strict';
// The pages of sign-in work by links and forms. This follows the link, sends the
// form, and asks the device for a passkey (WebAuthn), which nothing else can.
(() => {
  const follow = document.querySelector('a[data-follow]');
  if (follow) location.replace(follow.href);

  const carry = document.querySelector('form[data-submit]');
  if (carry) carry.requestSubmit();

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
  const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
  const ids = (list) => (list || []).map((c) => ({ ...c, id: bytes(c.id) }));

  // answer is the JSON form of a credential (WebAuthn 3, section 5.1).
  const answer = (c) => {
    const r = c.response;
    const out = { id: c.id, rawId: text(c.rawId), type: c.type, clientExtensionResults: c.getClientExtensionResults(), response: { clientDataJSON: text(r.clientDataJSON) } };
    if (c.authenticatorAttachment) out.authenticatorAttachment = c.authenticatorAttachment;
    if (r.attestationObject) {
      out.response.attestationObject = text(r.attestationObject);
      if (r.getTransports) out.response.transports = r.getTransports();
    } else {
      out.response.authenticatorData = text(r.authenticatorData);
      out.response.signature = text(r.signature);
      if (r.userHandle) out.response.userHandle = text(r.userHandle);
    }
    return JSON.stringify(out);
  };

  for (const form of document.querySelectorAll('form[data-passkey]')) {
    if (!window.PublicKeyCredential) continue;
    const button = form.querySelector('button');
    const failed = form.querySelector('[data-failed]');
    button.hidden = false;
    form.addEventListener('submit', async (event) => {
      if (form.elements.passkey.value) return;
      event.preventDefault();
      failed.hidden = true;
      button.disabled = true;
      try {
        const o = JSON.parse(form.dataset.options);
        o.challenge = bytes(o.challenge);
        let credential;
        if (form.dataset.passkey === 'create') {
          o.user.id = bytes(o.user.id);
          o.excludeCredentials = ids(o.excludeCredentials);
          credential = await navigator.credentials.create({ publicKey: o });
        } else {
          o.allowCredentials = ids(o.allowCredentials);
          credential = await navigator.credentials.get({ publicKey: o });
        }
        form.elements.passkey.value = answer(credential);
        button.disabled = false;
        form.submit();
      } catch {
        failed.hidden = false;
        button.disabled = false;
      }
    });
  }
})();
