// Lag, queue and throughput over time, drawn by dygraphs; and the same in words.

import {byId, fill, h} from './dom.js';
import {clock, count, duration, plural, rate} from './format.js';

/* global Dygraph */

// Its legend sets styles in a way that the page's policy forbids, and ours is text.
Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);

// `least`: how far the axis goes when there is nearly nothing; `width`: of its texts.
const kCharts = [
  {field: 'lag_ms', title: 'Lag', show: duration, axis: duration, width: 44, least: 1000},
  {field: 'tasks', title: 'Queue', show: (value) => plural(value, 'write', 'writes'),
   axis: count, width: 44, least: 10},
  {field: 'bytes_per_second', title: 'Bytes', show: rate, width: 64, least: 1024,
   axis: (value) => rate(value).replace(/\.0+ /, ' ')},
  {field: 'writes_per_second', title: 'Writes', show: perSecond, axis: perSecond, width: 44,
   least: 10},
];
// Told apart by more than their colours.
const kPatterns = [null, [7, 3], [2, 2], [9, 3, 2, 3]];
const kColours = 4;

const kShortest = 60_000;
const kNoSeconds = 240_000;

const drawn = new Map();

function perSecond(value) {
  return `${count(value)}/s`;
}

export function showCharts(group, history, colours) {
  const names = [...history.targets.keys()];
  const from = Math.max(0, history.at.findIndex((at) => at >= since(history)));
  fill(byId('charts'), kCharts.map((chart) => figure(group, chart, names, history, from)));
  for (const chart of kCharts) draw(group, chart, names, history, colours);
}

/** Where the charts begin: a daemon that has just begun shows no empty quarter of an hour. */
function since(history) {
  const until = history.at.at(-1) ?? 0;
  const first = Math.min(history.at[0] ?? 0, until - kShortest);
  return Math.max(until - Number(byId('range').value), first);
}

function figure(group, chart, names, history, from) {
  return h('figure', {'data-key': `${group.name} ${chart.field}`},
           h('figcaption', null, h('h3', null, chart.title), h('ul', {class: 'legend'},
             names.map((name, i) => legend(chart, name, i, history, from)))),
           h('div', {class: 'plot', 'data-opaque': true, 'aria-hidden': 'true',
                     id: plotId(group, chart)}));
}

function legend(chart, name, i, history, from) {
  const series = history.targets.get(name);
  const values = series[chart.field].slice(from).filter((value) => value !== null);
  const last = series[chart.field].at(-1) ?? null;
  const missing = (series.tasks.at(-1) ?? null) === null ? 'is no target now' : 'no data yet';
  const now = last === null ? missing : chart.show(last);
  const most = values.length ? `, most ${chart.show(Math.max(...values))}` : '';
  return h('li', {'data-key': name},
           h('span', {class: `swatch series-${i % kColours}`, 'aria-hidden': 'true'}), name,
           ` ${now}`, h('span', {class: 'quiet'}, most));
}

function plotId(group, chart) {
  return `plot ${group.name} ${chart.field}`;
}

function draw(group, chart, names, history, colours) {
  const id = plotId(group, chart);
  const place = byId(id);
  const known = drawn.get(chart.field);
  const key = `${id} ${names.join('\n')} ${colours.join(' ')}`;
  const options = optionsOf(chart, names, history, colours);
  if (known?.key === key && known.place === place) {
    if (known.last !== history.last || known.range !== byId('range').value) {
      known.graph.updateOptions(options);
    }
  } else {
    known?.graph.destroy();
    drawn.delete(chart.field);
    if (names.length === 0 || history.at.length === 0) return;
    drawn.set(chart.field, {key, place, graph: new Dygraph(place, options.file, options)});
  }
  Object.assign(drawn.get(chart.field), {last: history.last, range: byId('range').value});
}

function optionsOf(chart, names, history, colours) {
  const series = names.map((name) => history.targets.get(name)[chart.field]);
  const until = history.at.at(-1);
  const most = Math.max(chart.least, ...series.flat().filter((value) => value !== null));
  const [grid, ...lines] = colours;
  const digits = until - since(history) < kNoSeconds ? 8 : 5;
  return {
    file: history.at.map((at, i) => [new Date(at), ...series.map((values) => values[i])]),
    labels: ['time', ...names],
    colors: names.map((_, i) => lines[i % lines.length]),
    series: Object.fromEntries(names.map((name, i) =>
      [name, {strokePattern: kPatterns[i % kPatterns.length]}])),
    dateWindow: [since(history), until],
    valueRange: [0, 1.1 * most],
    strokeWidth: 2,
    // One moment is no line yet.
    drawPoints: history.at.length < 3,
    pointSize: 2,
    labelsKMG2: chart.field === 'bytes_per_second',
    interactionModel: {},
    highlightCircleSize: 0,
    gridLineColor: grid,
    axisLineColor: grid,
    axisLabelFontSize: 12,
    axes: {
      x: {axisLabelFormatter: (at) => clock(at.getTime(), at.getTime()).slice(0, digits),
          pixelsPerLabel: 90},
      y: {axisLabelFormatter: chart.axis, axisLabelWidth: chart.width, pixelsPerLabel: 30},
    },
  };
}
