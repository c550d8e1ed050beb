import { parse, resetSVGDefIds, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { Axis } from './growth.bench.ts';
import type { ResultLine, Spread } from './harness.ts';

/** One question's answer as a drawing: what is done in a second above, and what a record costs below. The same line gives the same bytes. */

interface Point {
  readonly x: number;
  readonly line: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

const WIDTH = 520;
const HEIGHT = 190;
const RATE: Drawn = [['records_per_second', '']];
const COST: Drawn = [
  ['cpu_us_per_record', 'program'],
  ['main_us_per_record', 'its main thread'],
  ['server_cpu_us_per_record', 'the store itself'],
];

/** Without the main thread, where each figure is several lines already. */
const COST_OF_SERIES = COST.filter(([figure]) => figure !== 'main_us_per_record');

/** Figures of a panel, and what each is called in it. */
type Drawn = readonly (readonly [figure: string, name: string])[];

export function axisOf(line: ResultLine): Axis | undefined {
  return line.settings.axis as Axis | undefined;
}

export async function chartOf(line: ResultLine, axis: Axis): Promise<string> {
  // Ids in the drawing count on from the drawing before.
  resetSVGDefIds();
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 8,
    vconcat: [
      panel(pointsOf(line, axis, RATE), axis, 'records per second', true),
      panel(
        pointsOf(line, axis, axis.series === undefined ? COST : COST_OF_SERIES),
        axis,
        'µs of CPU per record',
        isSpread(line),
      ),
    ],
    resolve: { scale: { color: 'independent' } },
    config: { font: 'sans-serif', axis: { labelFontSize: 11, titleFontSize: 12 } },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return `${svg}\n`;
}

/** Costs that differ by more than this are drawn by their logarithms. */
const WIDE = 15;

function isSpread({ arms }: ResultLine): boolean {
  const costs = Object.values(arms).map(({ cpu_us_per_record: cost }) => cost?.median ?? 0);
  return Math.max(...costs) > WIDE * Math.min(...costs);
}

function pointsOf({ arms }: ResultLine, axis: Axis, drawn: Drawn): Point[] {
  return Object.entries(arms).flatMap(([arm, figures]) => {
    const x = axis.figure === undefined ? axis.values[arm] : figures[axis.figure]?.median;
    if (x === undefined) return [];
    return drawn.flatMap(([figure, name]) => {
      const spread: Spread | undefined = figures[figure];
      if (spread === undefined) return [];
      const line = [name, axis.series?.[arm] ?? ''].filter((part) => part !== '').join(', ');
      return [{ x, line, median: spread.median, least: spread.min, most: spread.max }];
    });
  });
}

type Panel = Extract<TopLevelSpec, { readonly vconcat: unknown }>['vconcat'][number];

function panel(points: readonly Point[], { label, scale }: Axis, title: string, wide: boolean): Panel {
  const lines = [...new Set(points.map(({ line }) => line))];
  const rising = points.map(({ median }) => median).filter((value) => value > 0);
  const log = wide && Math.max(...rising) > WIDE * Math.min(...rising);
  const x = {
    field: 'x',
    type: 'quantitative' as const,
    title: label,
    scale: { type: scale, nice: false, ...(scale === 'log' ? {} : { zero: false }) },
    axis: {
      format: '~s',
      values: [...new Set(points.map((point) => point.x))].sort((one, other) => one - other),
    },
  };
  const y = {
    type: 'quantitative' as const,
    title,
    scale: { type: log ? ('log' as const) : ('linear' as const) },
  };
  const color = {
    field: 'line',
    type: 'nominal' as const,
    scale: { domain: lines, scheme: 'tableau10' as const },
    legend: lines.length > 1 ? { title: null, orient: 'right' as const, labelLimit: 0 } : null,
  };
  return {
    width: WIDTH,
    height: HEIGHT,
    data: { values: points.map((point) => ({ ...point })) },
    layer: [
      { mark: { type: 'line', point: true }, encoding: { x, y: { ...y, field: 'median' }, color } },
      { mark: 'rule', encoding: { x, y: { ...y, field: 'least' }, y2: { field: 'most' }, color } },
    ],
  };
}
