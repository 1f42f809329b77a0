/* What a page does in the browser by itself: keys, words not sent yet, the connection, times on the reader's clock. */
const footnote = (() => {
  const COMPOSER = '.composer textarea';
  const draftOf = box => `footnote draft ${box.closest('[data-place]').dataset.place}`;
  const isLost = () => document.body.classList.contains('offline');

  function keep(box) {
    if (box.value.trim()) localStorage.setItem(draftOf(box), box.value);
    else localStorage.removeItem(draftOf(box));
  }

  /* Put words that were not sent back into their box. */
  function restore() {
    for (const box of document.querySelectorAll(COMPOSER)) {
      const draft = localStorage.getItem(draftOf(box));
      if (!draft || box.value) continue;
      box.value = draft;
      box.dispatchEvent(new Event('input', { bubbles: true }));
    }
  }

  /* The server has kept what was written in this place. */
  const sent = place => localStorage.removeItem(`footnote draft ${place}`);

  /* The words of the notice that NiceGUI shows while the connection is lost; buttons do nothing meanwhile. */
  function watchConnection() {
    const notice = document.getElementById('popup');
    notice.setAttribute('role', 'alert');
    const follow = () => {
      const lost = notice.ariaHidden === 'false';
      if (lost !== isLost()) tell(lost ? 'What you write is kept in this browser until it is back.' : '');
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
      [...document.querySelectorAll(COMPOSER)].pop()?.focus();
    } else if (event.key === 'Enter' && withControl) {
      event.target.closest('.q-dialog')?.querySelector('.submit')?.click();
    } else if (event.key === 'Escape' && !document.querySelector('.q-dialog')) {
      document.querySelector('.thread .close')?.click();
    }
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
  document.addEventListener('DOMContentLoaded', watchConnection);
  return { restore, sent, back };
})();
