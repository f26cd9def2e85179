// The dashboard of `godwit run`. It asks the API that everybody has, and draws what it is told.
//
// live.js knows how things stand; each panel makes elements of that, which dom.js fits into the
// page; buttons name an action (actions.js), which calls the API.

import {actions, listen} from './actions.js';
import {token} from './api.js';
import {showAttention, showConnection, showGroups} from './attention.js';
import {showCharts} from './charts.js';
import {conflictsPanel} from './conflicts.js';
import {listenToDialog} from './dialog.js';
import {byId, fill, h} from './dom.js';
import {eventsPanel} from './events.js';
import {jobsPanel} from './jobs.js';
import {lettersPanel} from './letters.js';
import {choose, chosenGroup, hurry, live, state} from './live.js';
import {movesPanel} from './moves.js';
import {targetsPanel} from './targets.js';

function show() {
  showConnection(state);
  showAttention(state);
  showGroups(state);
  showSession();
  const group = chosenGroup();
  byId('group').hidden = !group?.open;
  if (!group?.open) return;
  byId('targets-title').textContent = `Regions of ${group.name}`;
  fill(byId('targets'), targetsPanel(group, state));
  showCharts(group, state.detail.history, colours());
  fill(byId('moves'), movesPanel(group, state));
  fill(byId('conflicts'), conflictsPanel(group, state));
  fill(byId('letters'), lettersPanel(group, state));
  fill(byId('jobs'), jobsPanel(group, state));
  fill(byId('events'), eventsPanel(state, byId('writes').checked));
  if (performance.getEntriesByName('shown').length === 0) performance.mark('shown');
}

function showSession() {
  const may = state.role === 'operate';
  fill(byId('session'),
       state.groups && !may ? h('span', {class: 'chip plain'}, 'may only look') : null,
       token.get()
         ? h('button', {type: 'button', 'data-action': 'logout'}, 'Forget the token') : null);
}

/** Of grid and lines: they follow light and dark as the style sheet does. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  return ['--grid', '--series-0', '--series-1', '--series-2', '--series-3']
      .map((name) => style.getPropertyValue(name).trim());
}

actions.set('range', async () => show());
actions.set('writes', async () => show());

byId('host').textContent = location.host;
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
addEventListener('hashchange', () => {
  choose(location.hash.slice(1));
  show();
});
listen(hurry);
listenToDialog();
live(show);
