// The regions of a group: its primary, its targets, and its figures against their limits.

import {order, targetPath} from './api.js';
import {actions, whyNot} from './actions.js';
import {h, say} from './dom.js';
import {bytes, count, decimalRate, duration, plural} from './format.js';

const kHealth = {healthy: 'good', degraded: 'warn', unhealthy: 'bad', unknown: 'warn'};
const kState = {active: 'good', paused: 'warn', syncing: 'warn', failed: 'bad', removed: 'bad'};

export function targetsPanel(group, state) {
  const may = whyNot(state) === '';
  return [
    figures(state.detail.kpis),
    h('ul', {class: 'cards'}, primaryCard(group, state.detail.metrics),
      group.targets.map((target) => targetCard(group, target, may))),
  ];
}

function chip(kind, text) {
  return h('span', {class: `chip ${kind}`}, text);
}

function head(name, region, ...chips) {
  return h('h3', null, h('span', {class: 'who'}, name), h('span', {class: 'chips'}, chips),
           region && region !== name ? h('span', {class: 'region'}, region) : null);
}

function primaryCard(group, metrics) {
  const home = group.primary === group.configured_primary;
  return h('li', {'data-key': 'primary', class: 'card primary-card'},
           head(group.primary, group.primary_region, chip('plain', 'primary'),
                chip(kHealth[group.primary_health], group.primary_health)),
           h('p', null, 'Takes the writes.',
             home ? null : ` The config names ${group.configured_primary}.`),
           pairs([
             ['Epoch', group.epoch],
             metrics && ['Writes taken', count(metrics.writes_to_primary)],
             metrics && ['Bytes delivered', bytes(metrics.bytes_replicated)],
             metrics?.writes_replicated > 0 &&
               ['On the way, on average', duration(metrics.average_replication_time_ms)],
             metrics?.failovers > 0 && ['Failovers', count(metrics.failovers)],
             group.unsettled > 0 && ['Being settled', plural(group.unsettled, 'write', 'writes')],
           ]));
}

function targetCard(group, target, may) {
  return h('li', {'data-key': `target ${target.name}`, class: 'card'},
           head(target.name, target.region, chip(kHealth[target.health], target.health),
                chip(kState[target.state], target.state)),
           h('p', null, sentence(target.note)),
           pairs([
             ['Lag', duration(target.lag_ms)],
             ['Queue', `${plural(target.tasks, 'write', 'writes')}, ${bytes(target.bytes)}`],
             ['Workers', `${target.active} of ${target.workers} busy`],
             ['Delivered', count(target.replicated)],
             target.dead_letters > target.conflicts && ['Dead letters', count(target.dead_letters - target.conflicts)],
             target.conflicts > 0 && ['Conflicts', count(target.conflicts)],
             target.in_doubt > 0 && ['In doubt', plural(target.in_doubt, 'key', 'keys')],
             target.round_trip_ms !== undefined && ['Round trip', duration(target.round_trip_ms)],
           ]),
           may && ['active', 'syncing', 'paused'].includes(target.state)
             ? h('p', {class: 'buttons'}, pauseButton(group, target)) : null);
}

function pauseButton(group, target) {
  const word = target.state === 'paused' ? 'resume' : 'pause';
  return h('button', {
    type: 'button', 'data-action': word, 'data-group': group.name, 'data-target': target.name,
  }, `${word === 'pause' ? 'Pause' : 'Resume'} ${target.name}`);
}

function sentence(text) {
  return text ? `${text[0].toUpperCase()}${text.slice(1)}.` : '';
}

/** Names and values; rows that are false are left out. */
export function pairs(rows) {
  return h('dl', null, rows.filter(Boolean).map(([name, value]) =>
    h('div', {'data-key': name}, h('dt', null, name), h('dd', null, String(value)))));
}

function figures(kpis) {
  if (!kpis) return null;
  const tile = (name, kpi, show, limit) => {
    const missed = kpi.has_data && !kpi.met;
    return h('li', {class: missed ? 'missed' : null, 'data-key': name},
             h('span', {class: 'name'}, name),
             h('span', {class: 'value'}, kpi.has_data ? show(kpi.value) : 'no data yet'),
             h('span', {class: 'limit'}, `${missed ? 'misses its goal' : 'goal'}: ${limit}`));
  };
  const seconds = (value) => duration(1000 * value);
  const percent = (value) => `${value.toLocaleString('en-US', {maximumFractionDigits: 3})} %`;
  const {lag_seconds: lag, success_rate_percent: success, queue, bytes_per_second: speed} = kpis;
  return h('ul', {class: 'figures'},
           tile('Lag', lag, seconds, `under ${seconds(lag.limit)}`),
           tile('Success', success, percent, `over ${percent(success.limit)}`),
           tile('Queue', queue, count, `under ${count(queue.limit)}`),
           tile('Throughput', speed, decimalRate, `over ${decimalRate(speed.limit)}`));
}

actions.set('pause', async ({group, target}) => {
  await order(targetPath(group, target, '/pause'));
  say(`${target} is paused.`);
});

actions.set('resume', async ({group, target}) => {
  await order(targetPath(group, target, '/resume'));
  say(`${target} goes on.`);
});
