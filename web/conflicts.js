// Conflicts that wait for a person.

import {groupPath, order} from './api.js';
import {actions, whyNot} from './actions.js';
import {ask, busy, close} from './dialog.js';
import {byId, h, say} from './dom.js';
import {clock} from './format.js';
import {kMostLetters} from './live.js';

export function conflictsPanel(group, state) {
  const {conflicts} = state.detail;
  if (conflicts.length === 0) return h('p', {class: 'quiet'}, 'None waits for a person.');
  const no = whyNot(state);
  return [
    h('ul', {class: 'rows'}, conflicts.map((conflict) => row(group, conflict, !no))),
    conflicts.length === kMostLetters
      ? h('p', {class: 'quiet'}, `The first ${kMostLetters}; there may be more.`) : null,
    no ? h('p', {class: 'quiet'}, no) : null,
  ];
}

function row(group, conflict, may) {
  return h('li', {'data-key': `${conflict.target} ${conflict.key}`},
           h('div', {class: 'what'},
             h('p', null, h('code', null, conflict.key), ' at ', h('strong', null, conflict.target)),
             h('p', {class: 'quiet'}, `${conflict.message}; written `,
               clock(Date.parse(conflict.written)))),
           may ? h('button', {
             type: 'button', 'data-action': 'resolve', 'data-group': group.name,
             'data-primary': group.primary, 'data-target': conflict.target,
             'data-object': conflict.key, 'aria-label': `Resolve ${conflict.key} at ${conflict.target}`,
           }, 'Resolve …') : null);
}

actions.set('resolve', async ({group, primary, target, object}) => {
  const keep = await ask({
    title: 'Which object stays?',
    body: [
      h('p', null, h('code', null, object), ` is another one at ${target} than at the primary ` +
        `${primary}. The one that stays goes to all regions; the other is kept at ${target} under `,
        h('code', null, '.godwit/rescue/'), '.'),
    ],
    choices: [
      {value: 'primary', label: `Keep that of ${primary} (primary)`, kind: 'primary'},
      {value: 'target', label: `Keep that of ${target}`},
      {value: '', label: 'Decide later'},
    ],
  });
  if (keep === '') {
    close();
    return;
  }
  busy('Resolving …');
  await order(groupPath(group, '/conflicts/resolve'), {target, key: object, keep});
  close();
  // The button that was pressed goes away with its row.
  byId('conflicts-title').focus();
  say(`The object of ${keep === 'primary' ? primary : target} stays.`);
});
