// Switchover, failover and failback: the plan first, always; then, when it is confirmed, the move.

import {groupPath, order} from './api.js';
import {actions, explain, whyNot} from './actions.js';
import {ask, busy, close, tell} from './dialog.js';
import {byId, h} from './dom.js';
import {plural} from './format.js';
import {chosenGroup} from './live.js';

const kMostNamed = 20;
const kWords = {
  switchover: {verb: 'Switch over', doing: 'Switching over', why: 'planned; loses nothing'},
  failover: {verb: 'Fail over', doing: 'Failing over', why: 'when the primary is lost'},
  failback: {verb: 'Fail back', doing: 'Failing back', why: 'to the primary that the config names'},
};

export function movesPanel(group, state) {
  const no = whyNot(state);
  if (no) return h('p', {class: 'quiet'}, no);
  const moved = group.primary !== group.configured_primary;
  return h('form', {class: 'row', 'data-submit': 'none'},
           h('label', null, 'New primary ',
             h('select', {id: 'to'}, h('option', {value: ''}, 'the best target'),
               group.targets.map((target) => h('option', {value: target.name}, target.name)))),
           button('switchover', group), button('failover', group),
           moved ? button('failback', group) : null,
           h('p', {class: 'quiet'}, 'Each shows its plan first and changes nothing until you ' +
             'confirm it.'));
}

function button(kind, group) {
  return h('button', {
    type: 'button', 'data-action': 'move', 'data-kind': kind, 'data-group': group.name,
    'data-key': kind, title: kWords[kind].why,
  }, `${kWords[kind].verb} …`);
}

actions.set('none', async () => {});

actions.set('move', async ({kind, group}) => {
  const path = groupPath(group, `/${kind}`);
  const to = kind === 'failback' ? {} : {to: byId('to').value};
  if (to.to === '') delete to.to;
  const plan = await order(path, {...to, dry_run: true});
  const {verb, doing} = kWords[kind];
  const choice = await ask({
    title: `${verb} from ${plan.from} to ${plan.to}?`,
    body: planOf(kind, plan),
    choices: [
      {value: 'do', label: `${verb} to ${plan.to} now`, kind: isSafe(kind, plan) ? 'primary' : 'danger'},
      {value: '', label: 'Change nothing'},
    ],
  });
  if (choice !== 'do') {
    close();
    return;
  }
  busy(`${doing} to ${plan.to} …`);
  // What was shown, not what is best by now.
  const certain = kind === 'failback' ? {} : {to: plan.to};
  try {
    const report = await order(path, {...certain, dry_run: false});
    await tell(`${report.to} is the primary now`, reportOf(report));
  } catch (error) {
    await tell(`${verb} to ${plan.to}: it did not work`,
               h('p', {role: 'alert', class: 'bad'}, explain(error)));
  }
});

function isSafe(kind, plan) {
  return kind !== 'failover' && plan.at_risk.length === 0 && plan.exact;
}

function planOf(kind, plan) {
  const group = chosenGroup();
  const answers = group?.primary_health === 'healthy';
  return [
    h('p', null, h('strong', null, 'A dry run: nothing has changed yet.')),
    kind === 'failover' && answers
      ? h('p', {class: 'notice warn'}, `${plan.from} answers. A switchover loses nothing; ` +
          'a failover does not wait for what is under way.') : null,
    facts(plan, 'lacks now', 'could be given by others'),
    kind === 'failover'
      ? h('p', null, 'Writes wait until it is done.')
      : h('p', null, `It waits until ${plan.to} has everything; writes wait for the last of it.`),
  ];
}

function reportOf(report) {
  return [h('p', null, `Epoch ${report.epoch}.`), facts(report, 'lacked', 'were given by others')];
}

/** What is lost, or may be, by name. */
function facts(report, lacks, given) {
  const risk = report.at_risk;
  return [
    h('ul', null,
      h('li', null, report.lacking === 0 ? `${report.to} has everything.`
        : `${report.to} ${lacks} ${plural(report.lacking, 'key', 'keys')}; ` +
          `${report.healed} of them ${given}.`),
      h('li', {class: risk.length ? 'bad' : null},
        risk.length ? `At risk: ${plural(risk.length, 'write', 'writes')}.`
          : 'At risk: nothing.')),
    risk.length > 0 && h('ul', {class: 'keys'},
      risk.slice(0, kMostNamed).map((write) =>
        h('li', null, h('code', null, write.key), write.removal ? ' (removal)' : null)),
      risk.length > kMostNamed && h('li', null, `and ${risk.length - kMostNamed} more`)),
    !report.exact && h('p', {class: 'notice bad'}, 'Not exact: its backlog was dropped; more may ' +
      'be lost than is named.'),
  ];
}
