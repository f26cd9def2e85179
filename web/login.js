// Asks for the token that the daemon wants.

import {token} from './api.js';
import {actions} from './actions.js';
import {byId, fill, h} from './dom.js';

let answered = () => {};

/** Until there is a token to try. `refused`: why the one before did not do. */
export function askToken(refused) {
  const wrong = token.get() !== '';
  token.forget();
  show(wrong ? 'The daemon does not know this token.' : '', refused);
  return new Promise((resolve) => { answered = resolve; });
}

function show(problem) {
  byId('content').hidden = true;
  byId('login').hidden = false;
  fill(byId('login'),
       h('h1', {id: 'login-title'}, 'This daemon wants a token'),
       h('form', {'data-submit': 'login'},
         h('p', null, h('label', {for: 'token'}, 'Token'),
           h('input', {
             id: 'token', type: 'password', required: true, autocomplete: 'off',
             spellcheck: 'false', 'aria-invalid': problem ? 'true' : null,
             'aria-describedby': 'token-note',
           })),
         h('p', {id: 'token-note', role: 'alert', class: problem ? 'bad' : null}, problem),
         h('p', null, h('button', {type: 'submit', class: 'primary'}, 'Show the dashboard'))),
       h('p', {class: 'quiet'}, 'It is the read_token or the operate_token of [api] in ' +
         'godwit.toml. This tab keeps it until it is closed.'));
  byId('token').value = '';
  byId('token').focus();
}

actions.set('login', async () => {
  token.set(byId('token').value.trim());
  byId('login').hidden = true;
  byId('content').hidden = false;
  answered();
});

actions.set('logout', async () => {
  token.forget();
  location.reload();
});
