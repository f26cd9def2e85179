// What needs attention, first of all, in the daemon's own words; and the list of groups.

import {actions} from './actions.js';
import {byId, fill, h} from './dom.js';
import {clock, plural} from './format.js';

export function showAttention(state) {
  const found = (state.groups ?? []).flatMap((group) =>
    (group.attention ?? []).map((each) => ({group: group.name, ...each})));
  const title = titleOf(state, found.length);
  // Told only when it has changed, and without figures that change all the time.
  if (byId('attention-title').textContent !== title) byId('attention-title').textContent = title;
  byId('attention-title').className = state.away || found.length ? 'bad' : 'good';
  document.title = `${found.length ? `(${found.length}) ` : ''}godwit`;
  fill(byId('attention'), found.length > 0 && h('ul', {class: 'attention'}, found.map((each) => row(each, state))));
}

function titleOf(state, count) {
  if (state.groups === null) return state.away ? 'Nobody answers' : 'Asking the daemon …';
  if (state.away) return 'Nobody knows how things stand';
  if (count === 0) return 'All is well';
  return `${plural(count, 'thing needs', 'things need')} attention`;
}

function row({group, target, kind, message}, state) {
  return h('li', {'data-key': `${group}/${target ?? ''}/${kind}`},
           h('a', {href: `#${group}`}, group), ': ',
           target ? h('strong', null, target, ' ') : null, message,
           (kind === 'dead_letters' || kind === 'conflicts') && group === state.chosen ? goButton(target, state) : null);
}

function goButton(target, state) {
  const conflict = state.detail.conflicts.some((each) => each.target === target);
  const to = conflict ? 'conflicts' : 'letters';
  return [' ', h('button', {type: 'button', 'data-action': 'go', 'data-to': `${to}-title`},
                 conflict ? 'Show the conflict' : 'Show')];
}

actions.set('go', async ({to}) => {
  byId(to).scrollIntoView();
  byId(to).focus();
});

export function showGroups(state) {
  const groups = state.groups ?? [];
  const one = (group) => {
    const troubles = group.attention?.length ?? 0;
    return h('li', {'data-key': group.name},
             h('a', {
               href: `#${group.name}`,
               'aria-current': group.name === state.chosen ? 'true' : null,
             }, group.name, h('span', {class: troubles ? 'chip bad' : 'chip good'},
                              troubles ? plural(troubles, 'problem', 'problems') : 'well')));
  };
  fill(byId('groups'), groups.length > 1 && h('ul', null, groups.map(one)));
}

export function showConnection(state) {
  const away = state.away && `The daemon does not answer since ${clock(state.away.since)}: ` +
      `${state.away.why}. Trying again; what is shown is from before.`;
  const text = away || (state.trouble && `The daemon could not tell everything: ${state.trouble}.`);
  fill(byId('connection'), text ? h('p', {class: 'notice bad'}, text) : null);
  byId('content').classList.toggle('stale', Boolean(state.away) && state.groups !== null);
}
