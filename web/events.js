// What happened to a group, the newest first, as it happens.

import {h} from './dom.js';
import {clock, words} from './format.js';

const kMostShown = 50;
const kGood = ['target_healthy', 'write_replicated', 'sync_started', 'sync_completed', 'primary_moved'];

export function eventsPanel(state, eachWrite) {
  const events = (state.detail.events ?? [])
      .filter((event) => eachWrite || event.event !== 'write_replicated')
      .slice(-kMostShown).reverse();
  if (events.length === 0) return h('p', {class: 'quiet'}, 'None yet.');
  return h('ol', {class: 'events'}, events.map(row));
}

function row(event) {
  const bad = !kGood.includes(event.event) || event.failed;
  return h('li', {'data-key': String(event.number), class: bad ? 'bad' : null},
           h('time', {datetime: new Date(event.at_ms).toISOString()}, clock(event.at_ms)), ' ',
           h('strong', null, words(event.event)), ' ', event.target,
           event.key ? [' ', h('code', null, event.key)] : null,
           event.message ? `: ${event.message}` : null,
           event.failed ? ' (failed)' : null);
}
