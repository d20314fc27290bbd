/** A dashboard of Grafana, as far as this project's differ from each other. */
export interface Dashboard {
  /** Part of its address and the name of its file. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  /** `number` shows the newest value, `graph` all of them over time. */
  readonly show: 'number' | 'graph';
  /** Grafana's name of the unit: `short`, `s`, `bytes`, `ops`, `percentunit`. */
  readonly unit: string;
  readonly queries: readonly Query[];
}

export interface Query {
  /** PromQL. */
  readonly expr: string;
  /** What a series is called; labels in double braces. */
  readonly legend: string;
}

/** Of Grafana's grid, which is 24 wide. */
const sizes = { number: { w: 6, h: 5 }, graph: { w: 12, h: 8 } } as const;
const gridWidth = 24;

const datasource = { type: 'prometheus', uid: '${datasource}' };

/** The dashboard in Grafana's JSON model, schema 39 (Grafana 11). Each panel has its place by those before it. */
export function dashboardModel({ name, title, description, panels }: Dashboard): object {
  return {
    uid: `meltemi-${name}`,
    title,
    description,
    tags: ['meltemi'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus', hide: 0 }],
    },
    panels: placed(panels).map(({ panel, gridPos }, index) => panelModel(panel, gridPos, index + 1)),
  };
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** From left to right, and in the next row when there is no more room. */
function placed(panels: readonly Panel[]): readonly { readonly panel: Panel; readonly gridPos: Place }[] {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  return panels.map((panel) => {
    const { w, h } = sizes[panel.show];
    if (x + w > gridWidth) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    const gridPos = { x, y, w, h };
    x += w;
    rowHeight = Math.max(rowHeight, h);
    return { panel, gridPos };
  });
}

function panelModel({ title, description, show, unit, queries }: Panel, gridPos: Place, id: number): object {
  return {
    id,
    type: show === 'number' ? 'stat' : 'timeseries',
    title,
    description,
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    options:
      show === 'number'
        ? { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'none' }
        : { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource,
      expr,
      legendFormat: legend,
    })),
  };
}
