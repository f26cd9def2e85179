// Syncs, verifies and repairs: those that run and those that ended; and how one begins.

import {groupPath, order} from './api.js';
import {actions, whyNot} from './actions.js';
import {byId, h, say} from './dom.js';
import {clock, count, duration, plural, words} from './format.js';

const kMostShown = 10;
const kCounts = ['total', 'same', 'missing', 'different', 'extra', 'metadata_only', 'unreadable',
                 'unproven', 'in_flight', 'replicated', 'skipped', 'repaired', 'unchanged',
                 'items_synced', 'pending', 'failed', 'items_failed'];

export function jobsPanel(group, state) {
  const jobs = state.jobs.filter((job) => job.group === group.name).slice(0, kMostShown);
  const no = whyNot(state);
  return [
    no ? h('p', {class: 'quiet'}, no) : form(group),
    jobs.length === 0 ? h('p', {class: 'quiet'}, 'None since the daemon began.')
      : h('ul', {class: 'rows'}, jobs.map(row)),
  ];
}

function form(group) {
  return h('form', {class: 'row', 'data-submit': 'job', 'data-group': group.name, 'data-key': 'form'},
           h('label', null, 'Job ', h('select', {id: 'job-kind'},
             h('option', {value: 'verify'}, 'verify'), h('option', {value: 'repair'}, 'repair'),
             h('option', {value: 'sync'}, 'sync'))),
           h('label', null, 'of ', h('select', {id: 'job-target'},
             group.targets.map((target) => h('option', {value: target.name}, target.name)))),
           h('button', {type: 'submit'}, 'Begin'));
}

function row(job) {
  const chip = job.state === 'running' ? 'plain'
    : job.state === 'completed' && job.all_well ? 'good' : 'bad';
  return h('li', {'data-key': String(job.id)},
           h('div', {class: 'what'},
             h('p', null, `${job.kind} of `, h('strong', null, job.target || 'all targets'), ' ',
               h('span', {class: `chip ${chip}`}, verdict(job))),
             job.state === 'running' ? bar(job) : null,
             h('p', {class: 'quiet'}, detail(job))));
}

/** Moves to and fro where nobody knows how much there is to do. */
function bar(job) {
  const label = {'aria-label': `${job.kind} of ${job.target || 'all targets'}`};
  return h('progress', job.percent === undefined ? label
    : {...label, max: '100', value: String(job.percent)});
}

/** "1,200 of about 2,400 done"; nothing of what is not known. */
function howFar(job) {
  if (job.state !== 'running' || job.done === undefined) return [];
  if (job.total === undefined) return [`${count(job.done)} done`];
  const about = job.total_is_estimate ? 'about ' : '';
  return [`${count(job.done)} of ${about}${count(job.total)} done`];
}

function verdict(job) {
  if (job.state === 'running') return job.percent === undefined ? 'running' : `running ${job.percent} %`;
  if (job.state === 'failed') return 'failed';
  return job.all_well ? 'all well' : 'not all well';
}

function detail(job) {
  const took = `${job.state === 'running' ? 'for' : 'took'} ${duration(job.elapsed_ms)}`;
  const parts = [`began ${clock(Date.parse(job.began))}, ${took}`];
  if (job.findings_count > 0) parts.push(plural(job.findings_count, 'finding', 'findings'));
  if (job.error) parts.push(job.error);
  return [...parts, ...howFar(job), ...counts(job.report)].join('; ');
}

/** Of the report, what is more than nothing; `found` of a repair holds those of its verify. */
function counts(report) {
  const all = {...report?.found, ...report};
  return kCounts.filter((name) => all[name] > 0).map((name) => `${count(all[name])} ${words(name)}`);
}

actions.set('job', async ({group}) => {
  const kind = byId('job-kind').value;
  const target = byId('job-target').value;
  await order(groupPath(group, '/jobs'), {kind, target});
  say(`The ${kind} of ${target} has begun.`);
});
