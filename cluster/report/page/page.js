// Draws the figures of a page from their tables, so that a chart and its text are the same numbers. A figure says in
// its attributes how an axis runs; everything that comes from a run is text of a cell.
'use strict';
(() => {
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const spell = (v) => (v === 0 ? '0' : v.toLocaleString('en-US', {maximumSignificantDigits: 4}));
  const number = (cell) => {
    const text = cell.textContent.replaceAll(',', '').trim();
    return text === '' ? null : Number(text);
  };
  const dashes = [[], [7, 4], [2, 3], [10, 4, 2, 4], [4, 4], [12, 3]];

  // How values of an axis are placed, and which of them are named.
  const linear = {to: (v) => v, from: (v) => v, splits: null, label: spell};
  const log = {
    to: (v) => (v > 0 ? Math.log10(v) : null),
    from: (v) => 10 ** v,
    label: spell,
    splits: (low, high, most) => {
      const all = [];
      for (let power = Math.floor(low); power <= Math.ceil(high); ++power)
        for (const step of [1, 2, 5]) all.push(step * 10 ** power);
      const inside = all.filter((v) => Math.log10(v) >= low - 1e-9 && Math.log10(v) <= high + 1e-9);
      if (inside.length >= 3) {
        const powers = inside.filter((v) => Math.abs(Math.log10(v) - Math.round(Math.log10(v))) < 1e-9);
        const named = inside.length > most ? powers : inside;
        const every = Math.ceil(named.length / most);
        return named.filter((_, i) => i % every === 0).map(Math.log10);
      }
      const from = 10 ** low, to = 10 ** high;
      const rough = (to - from) / Math.min(most, 5);
      const power = 10 ** Math.floor(Math.log10(rough));
      const step = [1, 2, 5, 10].find((s) => s * power >= rough) * power;
      const out = [];
      for (let v = Math.ceil(from / step) * step; v <= to; v += step) out.push(Math.log10(v));
      return out;
    },
  };
  // Shares below one, each nine of them as long as the one before.
  const tail = {
    to: (v) => (v < 1 ? -Math.log10(1 - v) : null),
    from: (v) => 1 - 10 ** -v,
    label: (v) => `${Number((100 * v).toPrecision(8))} %`,
    splits: (low, high) => [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999]
      .map((v) => -Math.log10(1 - v)).filter((v) => v >= low - 1e-9 && v <= high + 1e-9),
  };
  const axes = {linear, log, tail};

  const read = (figure) => {
    const table = figure.querySelector('table.data');
    const heads = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    const columns = heads.map((head, i) => ({
      name: head.textContent,
      kind: head.dataset.kind || 'line',
      values: rows.map((row) => number(row.cells[i])),
    }));
    const marks = [...figure.querySelectorAll('table.marks tbody tr')].map((row) => ({
      label: row.cells[0].textContent,
      kind: row.dataset.kind,
      at: number(row.cells[1]),
      other: row.cells.length > 2 ? number(row.cells[2]) : null,
    }));
    return {columns, marks};
  };

  const draw_marks = (u, chart) => {
    const {ctx} = u, ratio = devicePixelRatio, box = u.bbox, taken = [];
    ctx.save();
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
    ctx.font = `${12 * ratio}px system-ui, sans-serif`;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    const label = (text, x, y) => {
      const width = ctx.measureText(text).width + 6 * ratio, height = 15 * ratio;
      let left = x + 7 * ratio;
      if (left + width > box.left + box.width) left = x - 7 * ratio - width;
      left = Math.max(left, box.left + 2 * ratio);
      let top = Math.max(y - height / 2, box.top);
      const free = (at) => !taken.some((t) => left < t.right && t.left < left + width && at < t.bottom && t.top < at + height);
      for (let tries = 0; tries < 40 && !free(top); ++tries) top += height / 2;
      if (top + height > box.top + box.height) return;
      taken.push({left, right: left + width, top, bottom: top + height});
      ctx.fillStyle = css('--card');
      ctx.globalAlpha = 0.8;
      ctx.fillRect(left, top, width, height);
      ctx.globalAlpha = 1;
      ctx.fillStyle = css('--text');
      ctx.fillText(text, left + 3 * ratio, top + height / 2);
    };
    for (const mark of chart.marks) {
      const x = u.valToPos(chart.x.to(mark.at), 'x', true);
      if (mark.kind === 'window') {
        const end = u.valToPos(chart.x.to(mark.other ?? chart.last), 'x', true);
        ctx.fillStyle = css('--shade');
        ctx.fillRect(x, box.top, Math.max(end - x, 2 * ratio), box.height);
        label(mark.label, Math.max(x, box.left), box.top + 9 * ratio);
      } else if (mark.kind === 'point') {
        const y = u.valToPos(chart.y.to(mark.other), 'y', true);
        ctx.fillStyle = css('--s1');
        ctx.beginPath();
        ctx.arc(x, y, 4 * ratio, 0, 7);
        ctx.fill();
        label(mark.label, x, y);
      } else if (mark.kind === 'failed') {
        const y = box.top + box.height - 8 * ratio, r = 5 * ratio;
        ctx.strokeStyle = css('--bad');
        ctx.lineWidth = 2 * ratio;
        ctx.beginPath();
        ctx.moveTo(x - r, y - r); ctx.lineTo(x + r, y + r); ctx.moveTo(x + r, y - r); ctx.lineTo(x - r, y + r);
        ctx.stroke();
        label(mark.label, x, y - 10 * ratio);
      } else {
        ctx.strokeStyle = css('--bad');
        ctx.lineWidth = ratio;
        ctx.beginPath();
        ctx.moveTo(x, box.top + box.height - (mark.kind === 'tick' ? 10 * ratio : box.height));
        ctx.lineTo(x, box.top + box.height);
        ctx.stroke();
        if (mark.kind !== 'tick') label(mark.label, x, box.top + 9 * ratio);
      }
    }
    ctx.restore();
  };

  const series_of = (chart) => chart.columns.slice(1).map((column, i) => {
    const edge = column.kind === 'low' || column.kind === 'high';
    const colour = () => css(`--s${(edge ? 0 : i) % 6}`);
    const only = column.values.filter((v) => v !== null).length < 2;
    return {
      label: column.name,
      stroke: colour,
      width: edge ? 1 : 2,
      dash: column.kind === 'ideal' ? [3, 5] : dashes[i % 6],
      paths: column.kind === 'step' ? uPlot.paths.stepped({align: 1}) : undefined,
      spanGaps: column.kind !== 'step',
      points: {show: column.kind === 'points' || only, size: 7, fill: colour, stroke: colour},
    };
  });

  const bands_of = (chart) => {
    const low = chart.columns.findIndex((c) => c.kind === 'low');
    const high = chart.columns.findIndex((c) => c.kind === 'high');
    return low > 0 && high > 0 ? [{series: [high, low], fill: () => css('--band')}] : [];
  };

  const axis = (chart, which, label) => {
    const scale = chart[which];
    return {
      label,
      labelSize: 22,
      labelFont: '12px system-ui, sans-serif',
      font: '12px system-ui, sans-serif',
      size: which === 'y' ? (_, values) => 26 + 7.2 * Math.max(4, ...(values || []).map((v) => v.length)) : 34,
      stroke: () => css('--soft'),
      grid: {stroke: () => css('--line'), width: 1},
      ticks: {stroke: () => css('--line'), width: 1},
      space: which === 'x' ? 70 : 36,
      ...(scale.splits && {
        splits: (u, _, low, high) => scale.splits(low, high, which === 'x' ? Math.max(2, u.width / 75) : 6),
      }),
      values: (_, splits) => splits.map((v) => scale.label(scale.from(v))),
    };
  };

  // A little room at both ends.
  const roomy = (low, high) => {
    const room = high > low ? (high - low) * 0.04 : Math.abs(high) * 0.1 || 1;
    return [low - room, high + room];
  };
  // A linear axis of values begins at zero.
  const range_y = (scale) => (_, low, high) => {
    if (low === null || high === null) return [0, 1];
    if (scale === linear && low >= 0) return [0, high > 0 ? high * 1.06 : 1];
    const [least, most] = roomy(low, high);
    return [scale === tail ? 0 : least, most];
  };
  // What is drawn over time begins with the run, so that charts below each other agree. A part that was
  // zoomed into stays as it is.
  const range_x = (xs, over_time) => (_, low, high) => {
    if (low === null || high === null) return [0, 1];
    const all = xs.filter((v) => v !== null);
    if (low > all[0] || high < all.at(-1)) return [low, high];
    return over_time ? [Math.min(low, 0), high] : roomy(low, high);
  };

  const say = (chart, u, idx) => {
    if (idx === null || idx === undefined) { chart.readout.textContent = ''; return; }
    const parts = chart.columns.slice(1).map((column, i) => {
      const v = column.values[idx];
      return v === null || !u.series[i + 1].show ? null : `${column.name} ${chart.y.label(v)}`;
    }).filter((part) => part !== null);
    chart.readout.textContent = `${chart.columns[0].name} ${spell(chart.columns[0].values[idx])}: ${parts.join(', ')}`;
  };

  const make = (figure) => {
    const {columns, marks} = read(figure);
    const chart = {
      columns, marks,
      x: axes[figure.dataset.x], y: axes[figure.dataset.y],
      last: columns[0].values.at(-1),
      plot: figure.querySelector('.plot'), readout: figure.querySelector('.readout'),
    };
    const place = (scale, values) => values.map((v) => (v === null ? null : scale.to(v)));
    const data = [place(chart.x, columns[0].values), ...columns.slice(1).map((c) => place(chart.y, c.values))];
    const size = () => ({width: Math.max(240, chart.plot.clientWidth), height: chart.plot.clientWidth < 500 ? 240 : 300});
    const u = new uPlot({
      ...size(),
      legend: {show: false},
      padding: [10, 14, 0, 0],
      scales: {
        x: {time: false, range: range_x(data[0], figure.dataset.group === 'time')},
        y: {range: range_y(chart.y)},
      },
      series: [{}, ...series_of(chart)],
      bands: bands_of(chart),
      axes: [axis(chart, 'x', figure.dataset.xLabel), axis(chart, 'y', figure.dataset.yLabel)],
      cursor: {
        drag: {x: true, y: false},
        ...(figure.dataset.group && {sync: {key: figure.dataset.group}}),
      },
      hooks: {draw: [(plot) => draw_marks(plot, chart)], setCursor: [(plot) => say(chart, plot, plot.cursor.idx)]},
    }, data, chart.plot);
    chart.u = u;
    chart.resize = () => u.setSize(size());
    new ResizeObserver(() => { if (u.width !== size().width) chart.resize(); }).observe(chart.plot);
    chart.plot.addEventListener('keydown', (event) => {
      const xs = data[0], at = u.cursor.idx ?? -1;
      const move = (i) => {
        const to = Math.max(0, Math.min(xs.length - 1, i));
        u.setCursor({left: u.valToPos(xs[to], 'x'), top: u.over.clientHeight / 2});
        say(chart, u, to);
      };
      const {min, max} = u.scales.x, middle = at >= 0 ? xs[at] : (min + max) / 2;
      const zoom = (by) => u.setScale('x', {min: middle - (middle - min) * by, max: middle + (max - middle) * by});
      const keys = {
        ArrowRight: () => move(at + (event.shiftKey ? 10 : 1)),
        ArrowLeft: () => move(at < 0 ? 0 : at - (event.shiftKey ? 10 : 1)),
        Home: () => move(0),
        End: () => move(xs.length - 1),
        '+': () => zoom(0.5),
        '-': () => zoom(2),
        Escape: () => { u.setData(data); u.setCursor({left: -10, top: -10}); },
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
    chart.list = figure.querySelector('select');
    if (chart.list) {
      const show = () => columns.slice(1).forEach((column, i) => u.setSeries(i + 1, {show: column.name === chart.list.value}));
      chart.list.addEventListener('change', show);
      show();
    }
    chart.plot.addEventListener('focus', () => chart.readout.setAttribute('aria-live', 'polite'));
    chart.plot.addEventListener('blur', () => chart.readout.removeAttribute('aria-live'));
    return chart;
  };

  const charts = [...document.querySelectorAll('figure.chart')].map(make);
  // A direction of a cable in the picture of the network chooses its series.
  const chooser = charts.find((chart) => chart.list);
  for (const link of chooser ? document.querySelectorAll('[data-link]') : []) {
    if (![...chooser.list.options].some((option) => option.value === link.dataset.link)) continue;
    link.setAttribute('tabindex', '0');
    link.setAttribute('role', 'button');
    link.setAttribute('aria-label', `${link.dataset.link} over time`);
    const pick = () => {
      chooser.list.value = link.dataset.link;
      chooser.list.dispatchEvent(new Event('change'));
      chooser.plot.scrollIntoView({block: 'nearest'});
    };
    link.addEventListener('click', pick);
    link.addEventListener('keydown', (event) => { if (event.key === 'Enter') pick(); });
  }
  const redraw = () => charts.forEach((chart) => chart.u.redraw(false, true));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  // Paper is light and has its own width.
  const printing = (on) => {
    document.documentElement.classList.toggle('printing', on);
    charts.forEach((chart) => chart.resize());
    redraw();
  };
  addEventListener('beforeprint', () => printing(true));
  addEventListener('afterprint', () => printing(false));
  matchMedia('print').addEventListener('change', (event) => printing(event.matches));

  // Tables that sort: by numbers where a cell has one, with what it stands for in data-v.
  for (const table of document.querySelectorAll('table.sort')) {
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, i) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') !== 'descending';
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const key = (row) => row.cells[i].dataset.v ?? row.cells[i].textContent;
        const rows = [...table.tBodies[0].rows];
        rows.sort((a, b) => {
          const one = key(a), other = key(b);
          const order = one === '' || other === '' || Number.isNaN(Number(one)) || Number.isNaN(Number(other))
            ? String(one).localeCompare(String(other), 'en', {numeric: true}) : one - other;
          return down ? -order : order;
        });
        table.tBodies[0].append(...rows);
      });
    });
  }
})();
