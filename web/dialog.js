// One modal dialog, the browser's own: it keeps the focus in, and gives it back.

import {byId, fill, h} from './dom.js';
import {explain} from './actions.js';

let closed = () => {};

/**
 * Shows it and yields the `value` of the button that was pressed; '' for Escape. `choices`:
 * {value, label, kind}. It stays open, for what comes of it, until `close` or another `ask`.
 */
export function ask({title, body, choices}) {
  const dialog = byId('dialog');
  const buttons = choices.map(({value, label, kind}) =>
    h('button', {type: 'button', value, class: kind, 'data-choice': true}, label));
  fill(dialog, h('h2', {id: 'dialog-title', tabindex: '-1'}, title),
       h('div', {id: 'dialog-body'}, body), h('p', {class: 'buttons'}, buttons));
  if (!dialog.open) dialog.showModal();
  byId('dialog-title').focus();
  return new Promise((resolve) => { closed = resolve; });
}

/** What happens now, in place of the buttons. */
export function busy(text) {
  fill(byId('dialog'), h('h2', {id: 'dialog-title', tabindex: '-1'}, text),
       h('p', {role: 'status'}, 'Please wait …'));
  byId('dialog-title').focus();
}

export function close() {
  byId('dialog').close();
}

export async function tell(title, body) {
  await ask({title, body, choices: [{value: 'close', label: 'Close'}]});
  close();
}

export function showError(error) {
  return tell('That did not work', h('p', {role: 'alert', class: 'bad'}, explain(error)));
}

/** To be called once. */
export function listenToDialog() {
  const dialog = byId('dialog');
  dialog.addEventListener('click', (event) => {
    const button = event.target.closest('[data-choice]');
    if (button) closed(button.value);
  });
  dialog.addEventListener('close', () => closed(''));
}
