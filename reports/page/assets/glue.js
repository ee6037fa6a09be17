"use strict";
// Draws the charts again from their series, so that one can zoom and read values. Without it the page has its pictures.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  // Tests and the curious find the charts here.
  const charts = window.rehearseCharts = [];

  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const font = "12px " + getComputedStyle(document.body).fontFamily;

  // Numbers as in the tables: three significant digits, thousands apart.
  const figure = (x) => {
    if (x === 0) return "0";
    const digits = 2 - Math.floor(Math.log10(Math.abs(x)) + 1e-12);
    const scale = 10 ** digits;
    const decimals = Math.max(0, digits);
    return (Math.round(x * scale) / scale).toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  };
  const withUnit = (unit) => (u, x) => x == null ? "–" : figure(x) + (unit ? " " + unit : "");
  const clock = (s, fine) => {
    const whole = Math.floor(s), two = (n) => String(n).padStart(2, "0");
    const rest = fine ? (s - whole).toFixed(1).slice(1) : "";
    const m = two(Math.floor(whole / 60) % 60) + ":" + two(whole % 60) + rest;
    return whole >= 3600 ? Math.floor(whole / 3600) + ":" + m : m;
  };
  const percentile = (x) => {
    const tail = 100 / x;
    return (100 - tail).toFixed(Math.max(0, Math.ceil(-Math.log10(tail) - 1e-9))) + " %";
  };
  const shown = {
    elapsed: (x) => clock(x, true),
    percentile: (x) => "p" + percentile(x).slice(0, -2),
    amount: (x) => figure(x),
  };

  // Steps of time a person would choose.
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  // The first digit of what a logarithmic axis is divided at.
  const digit = (x) => Math.round(x / 10 ** Math.floor(Math.log10(x) + 1e-9));

  const bottom = (spec) => {
    const axis = {stroke: () => colour("muted"), font, grid: {show: false}, size: 30, gap: 4,
      ticks: {stroke: () => colour("strong"), width: 1, size: 4}};
    if (spec.axis === "elapsed") {
      axis.incrs = steps;
      axis.space = 72;
      axis.values = (u, list) => list.map((x) => clock(x, false));
    } else if (spec.axis === "percentile") {
      axis.values = (u, list) => list.map((x) => x == null || digit(x) !== 1 ? "" : percentile(x));
    } else {
      axis.filter = (u, list) => list;
      axis.values = (u, list) => list.map((x) => x == null || ![1, 2, 5].includes(digit(x)) ? "" : x.toLocaleString("en-US", {maximumSignificantDigits: 1}));
    }
    return axis;
  };

  const left = () => ({stroke: () => colour("muted"), font, size: 62, gap: 6, space: 34,
    grid: {stroke: () => colour("grid"), width: 1}, ticks: {show: false},
    values: (u, list) => list.map((y) => y == null ? "" : y.toLocaleString("en-US", {maximumFractionDigits: 6}))});

  const ratio = () => window.devicePixelRatio || 1;

  // Bands, and the stretch the finding speaks of, lie behind everything.
  const behind = (spec) => (u) => {
    const {ctx, bbox} = u;
    const block = (span, name) => {
      const a = Math.max(u.valToPos(span.from, "x", true), bbox.left);
      const b = Math.min(u.valToPos(span.to, "x", true), bbox.left + bbox.width);
      if (b <= a) return;
      ctx.fillStyle = colour(name);
      ctx.fillRect(a, bbox.top, b - a, bbox.height);
    };
    ctx.save();
    (spec.bands || []).forEach((band, i) => block(band, i % 2 ? "paper" : "band"));
    for (const span of spec.highlights || []) block(span, "highlight");
    ctx.restore();
  };

  const shortened = (ctx, words, wide) => {
    let letters = [...words];
    while (letters.length && ctx.measureText(letters.join("") + (letters.length < words.length ? "…" : "")).width > wide) letters.pop();
    return letters.join("") === words ? words : letters.join("") + "…";
  };

  // Names that are wider than their bands stand on their ends, in so many pixels at most.
  const tallest = 92;
  const measure = document.createElement("canvas").getContext("2d");
  // The last label of an axis stands half beyond its end; in so many pixels it is not cut off.
  const beyond = (spec) => {
    measure.font = font;
    const last = spec.axis === "elapsed" ? clock(spec.to, false) : spec.axis === "percentile" ? percentile(spec.to)
      : spec.to.toLocaleString("en-US", {maximumSignificantDigits: 1});
    return Math.max(14, Math.ceil(measure.measureText(last).width / 2) + 3);
  };
  const roomFor = (spec, width) => {
    const bands = spec.bands || [], second = (width - 62 - beyond(spec)) / (spec.to - spec.from);
    measure.font = "11px " + font.slice(5);
    const widths = bands.map((band) => measure.measureText(band.name).width);
    spec.upright = bands.some((band, i) => widths[i] >= (band.to - band.from) * second);
    const names = !bands.length ? 0 : spec.upright ? Math.min(tallest, Math.max(...widths)) + 4 : 10;
    return 12 + names + (spec.marks ? 14 : 0);
  };

  const named = (spec) => (u) => {
    const {ctx, bbox} = u, right = bbox.left + bbox.width;
    ctx.save();
    ctx.font = 11 * ratio() + "px " + font.slice(5);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "center";
    ctx.fillStyle = colour("muted");
    const floor = bbox.top - (spec.marks ? 18 : 4) * ratio();
    const bands = (spec.bands || []).map((band) => ({name: band.name, wide: ctx.measureText(band.name).width,
      a: Math.max(u.valToPos(band.from, "x", true), bbox.left), b: Math.min(u.valToPos(band.to, "x", true), right)}))
      .filter((band) => band.b > band.a);
    const upright = spec.upright && bands.some((band) => band.wide >= band.b - band.a);
    let last = -Infinity;
    for (const {name, wide, a, b} of bands) {
      const middle = (a + b) / 2;
      if (!upright) {
        if (wide < b - a) ctx.fillText(name, middle, floor);
      } else if (middle - last > 12 * ratio()) {
        last = middle;
        ctx.save();
        ctx.translate(middle, floor);
        ctx.rotate(-Math.PI / 2);
        ctx.textAlign = "left";
        ctx.textBaseline = "middle";
        ctx.fillText(shortened(ctx, name, tallest * ratio()), 0, 0);
        ctx.restore();
      }
    }
    ctx.lineWidth = 1.5 * ratio();
    for (const limit of spec.limits || []) {
      const y = u.valToPos(limit.y, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      ctx.strokeStyle = ctx.fillStyle = colour("alert");
      ctx.setLineDash([6 * ratio(), 4 * ratio()]);
      ctx.beginPath(); ctx.moveTo(bbox.left, y); ctx.lineTo(right, y); ctx.stroke();
      ctx.textAlign = "right";
      ctx.fillText(limit.name, right - 6 * ratio(), y - 3 * ratio());
    }
    let end = 0;
    for (const mark of spec.marks || []) {
      const x = u.valToPos(mark.at, "x", true);
      if (x < bbox.left || x > right) continue;
      ctx.strokeStyle = ctx.fillStyle = colour("alert");
      ctx.setLineDash([2 * ratio(), 3 * ratio()]);
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
      ctx.setLineDash([]);
      ctx.textAlign = "left";
      const free = x >= end && x + ctx.measureText(mark.name).width < right;
      if (free) { ctx.fillText(mark.name, x, bbox.top - 3 * ratio()); end = x + ctx.measureText(mark.name).width + 6 * ratio(); }
    }
    ctx.restore();
  };

  // A line from point to point. A null ends it, undefined is a moment of another series; a point alone becomes a dash.
  const drawn = (u, i) => {
    const stroke = new Path2D(), xs = u.data[0], ys = u.data[i];
    let pen = null, alone = false;
    const lift = () => {
      if (pen && alone) { stroke.moveTo(pen[0] - 2 * ratio(), pen[1]); stroke.lineTo(pen[0] + 2 * ratio(), pen[1]); }
      pen = null;
    };
    ys.forEach((y, j) => {
      if (y === undefined) return;
      if (y === null) return lift();
      const point = [u.valToPos(xs[j], "x", true), u.valToPos(y, "y", true)];
      if (pen) stroke.lineTo(...point); else stroke.moveTo(...point);
      alone = !pen;
      pen = point;
    });
    lift();
    return {stroke, fill: null, clip: null, band: null, gaps: null, flags: 0};
  };

  // Series have times of their own; where one of them has a null there is a gap.
  const joined = (lines) => uPlot.join(lines.map((line) => [line.x, line.y]));

  const options = (chart, width) => {
    const {spec, group} = chart;
    const logarithmic = spec.axis !== "elapsed", room = roomFor(spec, width);
    const highest = Math.max(0, ...(spec.limits || []).map((limit) => limit.y));
    return {
      width, height: (logarithmic ? 260 : 190) + room, padding: [room, beyond(spec), 0, 0],
      scales: {
        x: {time: false, distr: logarithmic ? 3 : 1, range: () => chart.range || [spec.from, spec.to]},
        y: {range: (u, low, high) => [0, spec.unit === "%" ? 100 : Math.max(high || 0, highest) * 1.06 || 1]},
      },
      axes: [bottom(spec), left()],
      cursor: {
        drag: {x: true, y: false, setScale: false, dist: 6},
        points: {size: 7},
        sync: group ? {key: group.key, setSeries: false, filters: {pub: (type) => type === "mousemove" || type === "mouseleave"}} : undefined,
        bind: {dblclick: () => () => { zoom(chart, null); return null; }},
      },
      legend: {markers: {width: (u, i) => i && spec.lines[i - 1].dashed ? 1.5 : 0, dash: "dashed",
        stroke: (u, i) => i ? colour(spec.lines[i - 1].colour) : "transparent",
        fill: (u, i) => i && !spec.lines[i - 1].dashed ? colour(spec.lines[i - 1].colour) : "transparent"}},
      series: [{label: spec.axis === "elapsed" ? "time" : spec.axis === "percentile" ? "percentile" : "latency, ms",
        value: (u, x) => x == null ? "–" : shown[spec.axis](x)}].concat(spec.lines.map((line) => ({
        label: line.name, stroke: () => colour(line.colour), width: line.dashed ? 1.25 : 1.75,
        dash: line.dashed ? [5, 4] : undefined, paths: drawn, points: {show: false},
        value: withUnit(spec.axis === "amount" ? "%" : spec.unit),
      }))),
      hooks: {
        drawClear: [behind(spec)],
        draw: [named(spec)],
        setSelect: [(u) => {
          if (u.select.width < 6) return;
          const range = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
          u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
          zoom(chart, range);
        }],
        setCursor: [(u) => tell(chart, u)],
      },
    };
  };

  // Panels of one group look at one stretch of time.
  const zoom = (chart, range) => {
    for (const one of chart.group ? chart.group.charts : [chart]) {
      one.range = range;
      one.plot.setData(one.plot.data, true);
    }
    if (chart.group && !range) chart.group.spans.value = "";
  };

  const tell = (chart, u) => {
    if (!chart.group || u.cursor.left < 0 || u.cursor.idx == null) return;
    const at = u.posToVal(u.cursor.left, "x");
    const band = (chart.spec.bands || []).find((b) => b.from <= at && at <= b.to);
    const mark = (chart.spec.marks || []).find((m) => Math.abs(u.valToPos(m.at, "x") - u.cursor.left) < 6);
    chart.group.output.textContent = clock(at, false) + (band ? " " + band.name : "") + (mark ? ": " + mark.name : "");
  };

  const build = (chart) => {
    if (chart.plot) chart.plot.destroy();
    chart.plot = new uPlot(options(chart, chart.host.clientWidth), chart.data, chart.host);
  };

  const groups = new Map();
  const groupOf = (figure) => {
    const box = figure.closest(".panels");
    if (!box) return null;
    if (!groups.has(box)) {
      const group = {key: "panels-" + groups.size, charts: [], output: box.querySelector("output"), spans: box.querySelector(".spans")};
      group.spans.addEventListener("change", () => {
        zoom(group.charts[0], group.spans.value ? group.spans.value.split(" ").map(Number) : null);
      });
      box.querySelector(".reset").addEventListener("click", () => zoom(group.charts[0], null));
      groups.set(box, group);
    }
    return groups.get(box);
  };

  for (const figure of document.querySelectorAll(".chart")) {
    const data = figure.querySelector("script");
    if (!data) continue;
    const spec = JSON.parse(data.textContent);
    if (!spec.lines || !spec.lines.length) continue;
    const chart = {spec, figure, host: figure.querySelector(".canvas"), group: groupOf(figure), range: null, data: joined(spec.lines)};
    figure.classList.add("live");
    if (chart.group) chart.group.charts.push(chart);
    charts.push(chart);
  }
  charts.forEach(build);

  new ResizeObserver(() => {
    for (const chart of charts) {
      const width = chart.host.clientWidth;
      // On paper the canvas is hidden and has no width.
      if (width > 0 && Math.abs(width - chart.plot.width) > 1) build(chart);
    }
  }).observe(document.getElementById("report"));

  // The button names what it does; the charts take the colours anew.
  const button = document.getElementById("theme");
  const wanted = matchMedia("(prefers-color-scheme: dark)");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : wanted.matches;
  const themed = () => {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", "Use " + (dark() ? "light" : "dark") + " colours");
    charts.forEach(build);
  };
  button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; themed(); });
  wanted.addEventListener("change", themed);
  themed();
})();
