/* What a page does in the browser by itself: keys, words not sent yet, the connection, times on the reader's clock. */
const footnote = (() => {
  const COMPOSER = '.composer textarea';
  const draftIn = place => `footnote draft ${place}`;
  const nameIn = place => `footnote draft's name ${place}`;
  const sendingIn = place => `footnote sending ${place}`;
  const placeOf = box => box.closest('[data-place]').dataset.place;
  const boxIn = place => [...document.querySelectorAll(COMPOSER)].find(box => placeOf(box) === place);
  const isLost = () => document.body.classList.contains('offline');

  function keep(box) {
    const place = placeOf(box);
    if (!box.value.trim()) return forget(place);
    localStorage.setItem(draftIn(place), box.value);
    if (!draft(place)) localStorage.setItem(nameIn(place), `${Date.now()} ${Math.random()}`);
  }

  function forget(place) {
    localStorage.removeItem(draftIn(place));
    localStorage.removeItem(nameIn(place));
  }

  function fill(box, words) {
    box.value = words;
    box.dispatchEvent(new Event('input', { bubbles: true }));
  }

  /* What words that were not sent yet are called: the same when they are sent again after a crash. */
  const draft = place => localStorage.getItem(nameIn(place)) ?? '';

  /* What is on its way to the server, the first first. */
  const sending = place => JSON.parse(localStorage.getItem(sendingIn(place)) ?? '[]');

  function keepSending(place, all) {
    if (all.length) localStorage.setItem(sendingIn(place), JSON.stringify(all));
    else localStorage.removeItem(sendingIn(place));
  }

  /* The words to be sent from a place; the box is for the next ones at once. */
  function take(place) {
    const box = boxIn(place);
    if (!box.value.trim()) return null;
    const taken = { draft: draft(place), text: box.value };
    keepSending(place, [...sending(place), taken]);
    fill(box, '');
    return taken;
  }

  /* The server has kept these words. */
  function sent(place, name) {
    keepSending(place, sending(place).filter(one => one.draft !== name));
    if (name && draft(place) === name) fill(boxIn(place), '');
  }

  /* Put words that were not sent back into their box, before what was written since. */
  function restore() {
    for (const box of document.querySelectorAll(COMPOSER)) {
      const place = placeOf(box);
      const since = box.value || localStorage.getItem(draftIn(place));
      const back = sending(place);
      keepSending(place, []);
      if (back.length === 1 && !since) localStorage.setItem(nameIn(place), back[0].draft);
      const words = [...back.map(one => one.text), since].filter(Boolean).join('\n');
      if (words && words !== box.value) fill(box, words);
    }
  }

  /* A page that has just come: words not sent yet are back, and one may write, unless one is about something already. */
  function begin() {
    restore();
    if (document.activeElement === document.body) write();
  }

  function write() {
    [...document.querySelectorAll(COMPOSER)].pop()?.focus();
  }

  /* The words of the notice that NiceGUI shows while the connection is lost; buttons do nothing meanwhile. */
  function watchConnection() {
    const notice = document.getElementById('popup');
    notice.setAttribute('role', 'alert');
    const follow = () => {
      const lost = notice.ariaHidden === 'false';
      if (lost !== isLost()) tell(lost ? 'What you write is kept in this browser until it is back.' : '');
      if (!lost && isLost()) restore();
      document.body.classList.toggle('offline', lost);
    };
    new MutationObserver(follow).observe(notice, { attributes: true, attributeFilter: ['aria-hidden'] });
  }

  function tell(words) {
    const lines = ['The connection to Footnote is lost.', words].map(line => {
      const span = document.createElement('span');
      span.textContent = line;
      return span;
    });
    document.getElementById('popup').replaceChildren(...lines);
  }

  /* Nothing is sent into a lost connection: it might come twice, or never. */
  function hold(event) {
    const isSending = event.type === 'click'
      ? event.target.closest('.composer button, .messages .q-btn, .waiting .q-btn, .q-dialog .submit')
      : event.key === 'Enter' && !event.shiftKey && event.target.matches(COMPOSER);
    if (!isSending || !isLost()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    tell('Not sent. What you wrote stays here: send it again once it is back.');
  }

  function press(event) {
    const isTyping = event.target.matches('input, textarea, [contenteditable]');
    const withControl = event.ctrlKey || event.metaKey;
    if ((event.key === '/' && !isTyping) || (event.key === 'k' && withControl)) {
      event.preventDefault();
      write();
    } else if (event.key === 'Enter' && withControl) {
      event.target.closest('.q-dialog')?.querySelector('.submit')?.click();
    } else if (event.key === 'Escape' && !document.querySelector('.q-dialog')) {
      document.querySelector('.thread .close')?.click();
    }
  }

  /* A card that was decided is shown anew, and the button that had the focus is gone: its message keeps the focus. */
  let focused = { element: null, within: null };

  function remember(event) {
    if (event.target.closest('.q-dialog')) return;
    focused = { element: event.target, within: event.target.closest('.message, .waiting') };
  }

  function watchFocus() {
    const follow = () => {
      const { element, within } = focused;
      if (!within?.isConnected || element.isConnected || document.activeElement !== document.body) return;
      within.tabIndex = -1;
      within.focus({ preventScroll: true });
    };
    new MutationObserver(follow).observe(document.body, { childList: true, subtree: true });
  }

  /* Back to where the reader came from; a page that was opened by itself leads to the knowledge. */
  function back(event) {
    if (!document.referrer.startsWith(`${location.origin}/`)) return;
    event.preventDefault();
    history.back();
  }

  class LocalTime extends HTMLElement {
    connectedCallback() {
      const at = new Date(this.getAttribute('datetime'));
      const now = new Date();
      const day = { day: 'numeric', month: 'short', ...(at.getFullYear() === now.getFullYear() ? {} : { year: 'numeric' }) };
      const isToday = at.toDateString() === now.toDateString();
      this.textContent = at.toLocaleString([], { ...(isToday ? {} : day), hour: 'numeric', minute: '2-digit' });
      this.title = at.toLocaleString([], { dateStyle: 'full', timeStyle: 'long' });
    }
  }
  customElements.define('local-time', LocalTime);

  document.addEventListener('keydown', hold, true);
  document.addEventListener('click', hold, true);
  document.addEventListener('keydown', press);
  document.addEventListener('input', event => event.target.matches(COMPOSER) && keep(event.target));
  document.addEventListener('focusin', remember);
  document.addEventListener('DOMContentLoaded', watchConnection);
  document.addEventListener('DOMContentLoaded', watchFocus);
  return { begin, take, sent, restore, back };
})();
