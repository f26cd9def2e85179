// Writes that a target will not get unless somebody acts.

import {order, targetPath} from './api.js';
import {actions, whyNot} from './actions.js';
import {byId, h, say} from './dom.js';
import {plural} from './format.js';
import {kMostLetters} from './live.js';

export function lettersPanel(group, state) {
  const {letters, moreLetters} = state.detail;
  const more = moreLetters
    ? h('p', {class: 'quiet'}, `Of each target the first ${kMostLetters} dead letters are looked ` +
        'at, conflicts among them; there may be more.') : null;
  if (letters.length === 0) return more ?? h('p', {class: 'quiet'}, 'No write was given up.');
  const no = whyNot(state);
  const targets = [...new Set(letters.map((letter) => letter.target))];
  return [
    targets.map((target) => [
      h('h3', {'data-key': `title ${target}`}, target),
      no ? null : h('p', {class: 'buttons', 'data-key': `all ${target}`},
                    redrive(group, {target}, `Redrive all of ${target}`)),
      h('ul', {class: 'rows', 'data-key': `rows ${target}`},
        letters.filter((letter) => letter.target === target)
            .map((letter) => row(group, letter, !no))),
    ]),
    more,
    no ? h('p', {class: 'quiet'}, no) : null,
  ];
}

function row(group, letter, may) {
  return h('li', {'data-key': letter.key},
           h('div', {class: 'what'},
             h('p', null, h('code', null, letter.key), letter.is_removal ? ' (removal)' : null),
             h('p', {class: 'quiet'}, `${letter.code}: ${letter.message}`)),
           may ? redrive(group, letter, 'Redrive') : null);
}

function redrive(group, {target, key}, text) {
  return h('button', {
    type: 'button', 'data-action': 'redrive', 'data-group': group.name, 'data-target': target,
    'data-object': key, 'aria-label': key ? `Redrive ${key} at ${target}` : null,
  }, text);
}

actions.set('redrive', async ({group, target, object}) => {
  const path = targetPath(group, target, '/dead-letters/redrive');
  const {redriven} = await order(path, object === undefined ? {all: true} : {key: object});
  byId('letters-title').focus();
  say(`${plural(redriven, 'write is', 'writes are')} tried again at ${target}.`);
});
