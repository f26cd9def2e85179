// What the page knows of the daemon, and how it stays so: asks again and again, follows events,
// and when the daemon goes says so at once and tries until it is back.

import {Away, Refused, follow, get, groupPath, targetPath} from './api.js';
import {none, merge} from './history.js';
import {askToken} from './login.js';

const kInterval = 2000;
const kFirstPause = 500;
const kLongestPause = 5000;
const kMostEvents = 200;
/** Of conflicts, and of the dead letters of a target. */
export const kMostLetters = 100;

export const state = {
  groups: null,   // as /api/v1/groups has them; null: never heard of any
  chosen: '',     // the group that is shown
  role: 'read',
  jobs: [],
  away: null,     // {since, why} while nobody answers
  trouble: '',    // what the daemon could not tell
  detail: fresh(),
};

function fresh() {
  return {history: none(), kpis: null, metrics: null, conflicts: [], letters: [], moreLetters: false, events: null};
}

let render = () => {};
let wake = () => {};

/** Asks anew at once. */
export function hurry() {
  wake();
}

export function chosenGroup() {
  return state.groups?.find((group) => group.name === state.chosen);
}

/** Shows another group; one that does not exist is the first. */
export function choose(name) {
  const known = state.groups?.some((group) => group.name === name);
  const wanted = known ? name : state.groups?.[0]?.name ?? '';
  if (wanted === state.chosen) return;
  state.chosen = wanted;
  state.detail = fresh();
  hurry();
}

/** A pause that `hurry` or the signal ends early. */
function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = (settle) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
      settle();
    };
    const stop = () => end(() => reject(signal.reason));
    const timer = setTimeout(() => end(resolve), ms);
    wake = () => end(resolve);
    signal?.addEventListener('abort', stop);
  });
}

async function refreshGroup(group, detail) {
  const path = (rest) => groupPath(group.name, rest);
  const dead = group.targets.filter((target) => target.dead_letters > 0);
  const [kpis, metrics, told, found, letters, events] = await Promise.all([
    get(path('/kpis')),
    get(path('/metrics')),
    get(path(`/history?after=${detail.history.last}`)),
    dead.length ? get(path(`/conflicts?limit=${kMostLetters}`)) : {conflicts: []},
    Promise.all(dead.map((target) => lettersOf(group, target))),
    detail.events ?? get(path('/events')).then((answer) => answer.events),
  ]);
  detail.kpis = kpis;
  detail.metrics = metrics;
  detail.history = merge(detail.history, told);
  detail.conflicts = found.conflicts;
  // What a conflict needs is another answer.
  detail.letters = letters.flat().filter((letter) => letter.code !== 'precondition_failed');
  detail.moreLetters = letters.some((some) => some.length === kMostLetters);
  detail.events ??= events.slice(-kMostEvents);
}

async function lettersOf(group, target) {
  const path = targetPath(group.name, target.name, `/dead-letters?limit=${kMostLetters}`);
  const {dead_letters: letters} = await get(path);
  return letters.map((letter) => ({target: target.name, ...letter}));
}

async function refresh() {
  try {
    const [{groups}, {jobs}] = await Promise.all([get('/api/v1/groups'), get('/api/v1/jobs')]);
    state.groups = groups;
    state.jobs = jobs;
    choose(state.chosen || location.hash.slice(1));
    const group = chosenGroup();
    if (group?.open) await refreshGroup(group, state.detail);
    state.trouble = '';
  } catch (error) {
    // Not ready yet, too many calls: it says so, and is asked again.
    if (!(error instanceof Refused) || error.status === 401) throw error;
    state.trouble = error.message;
  }
  render();
}

async function poll(signal) {
  for (;;) {
    await pause(kInterval, signal);
    if (!document.hidden) await refresh();
  }
}

function take(event) {
  if (event.group !== state.chosen || !state.detail.events) return;
  const events = state.detail.events;
  if (events.some((known) => known.number === event.number)) return;
  events.push(event);
  if (events.length > kMostEvents) events.shift();
  if (event.event !== 'write_replicated') hurry();
}

/** Events, each write too only where it is wanted: there may be thousands a second. */
async function followEvents(signal) {
  const box = document.getElementById('writes');
  for (;;) {
    const other = new AbortController();
    const change = () => other.abort();
    box.addEventListener('change', change, {once: true});
    try {
      const path = `/api/v1/events?writes=${box.checked}`;
      await follow(path, take, AbortSignal.any([signal, other.signal]));
    } catch (error) {
      if (!other.signal.aborted || signal.aborted) throw error;
    } finally {
      box.removeEventListener('change', change);
    }
  }
}

/** From hearing of the daemon until it is gone: it ends by throwing only. */
async function session(signal) {
  state.role = (await get('/api/v1/role')).role;
  // It may have begun anew: its history and its numbers of events too.
  state.detail = fresh();
  await refresh();
  state.away = null;
  render();
  await Promise.all([followEvents(signal), poll(signal)]);
}

/** Forever. */
export async function live(show) {
  render = show;
  document.addEventListener('visibilitychange', hurry);
  let wait = kFirstPause;
  for (;;) {
    const ending = new AbortController();
    try {
      await session(ending.signal);
    } catch (error) {
      const lost = state.away === null;
      ending.abort();
      if (error.status === 401) {
        await askToken(error);
        continue;
      }
      const known = error instanceof Away || error instanceof Refused;
      if (!known) console.error(error);
      state.away ??= {since: Date.now()};
      state.away.why = known ? error.message : `this page failed (${error.message})`;
      render();
      wait = lost ? kFirstPause : Math.min(2 * wait, kLongestPause);
      await pause(wait);
    }
  }
}
