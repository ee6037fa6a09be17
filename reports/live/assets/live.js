"use strict";
// Draws a run while it lasts. What is known of it comes as events; a page opened late is sent all of it.
(() => {
  const root = document.documentElement;
  const at = (id) => document.getElementById(id);
  // Tests and the curious find here what has come and what is drawn.
  const live = window.rehearseLive = {run: null, points: [], bands: new Map(), plots: [], ending: null};

  const colour = (name) => getComputedStyle(root).getPropertyValue("--" + name).trim();
  const font = "12px " + getComputedStyle(document.body).fontFamily;
  const ratio = () => window.devicePixelRatio || 1;

  // Numbers as in the report: three significant digits, thousands apart; what nobody knows is a dash.
  const figure = (x) => {
    if (x == null) return "–";
    if (x === 0) return "0";
    const digits = 2 - Math.floor(Math.log10(Math.abs(x)) + 1e-12), scale = 10 ** digits, decimals = Math.max(0, digits);
    return (Math.round(x * scale) / scale).toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  };
  const withUnit = (x, unit) => figure(x) + (x == null || !unit ? "" : " " + unit);
  // A limit as somebody wrote it: zeros at its end would claim a precision that nobody measured.
  const limit = (s) => s < 1 ? Number((s * 1000).toPrecision(3)) + " ms" : Number(s.toPrecision(3)) + " s";
  const clock = (s) => {
    const whole = Math.floor(s), two = (n) => String(n).padStart(2, "0");
    const m = two(Math.floor(whole / 60) % 60) + ":" + two(whole % 60);
    return whole >= 3600 ? Math.floor(whole / 3600) + ":" + m : m;
  };

  // The panels, from top to bottom. Two lines of one panel differ in dash or fill as well as in colour.
  const panels = [
    {name: "Requests", unit: "per second", lines: [
      {name: "offered", key: "offered", colour: "muted", dashed: true},
      {name: "achieved", key: "achieved", colour: "after"},
      {name: "failed", key: "failed", colour: "alert"}]},
    {name: "Response, from the due time", unit: "ms", scale: 1000, lines: [
      {name: "p99", key: "p99_seconds", colour: "before", dashed: true},
      {name: "p95", key: "p95_seconds", colour: "ink"},
      {name: "p50", key: "p50_seconds", colour: "before"}]},
    {name: "Statements on the databases", unit: "per second", lines: [
      {name: "primary (master DB)", key: "primary_qps", colour: "primary", filled: true},
      {name: "replica", key: "replica_qps", colour: "replica", edge: "replica-outline", dashed: true, filled: true}]},
    {name: "Cache hits", unit: "%", scale: 100, most: 100, lines: [{name: "hit ratio", key: "cache_hit_ratio", colour: "after"}]},
    {name: "Replica lag", unit: "ms", scale: 1000, lines: [{name: "behind the primary", key: "replica_lag_seconds", colour: "replica", edge: "replica-outline", filled: true}]},
    {name: "Generator lag", unit: "ms", scale: 1000, lines: [{name: "p99 of sent minus due", key: "lag_seconds", colour: "ink"}]},
    {name: "Processors taken by others", unit: "%", scale: 100, lines: [{name: "other processes", key: "foreign_ratio", colour: "alert"}, {name: "the host (steal)", key: "steal_ratio", colour: "ink", dashed: true}]},
  ];

  // The points in the order of time as columns, each in the middle of its second, with a hole where nothing was due.
  const columns = (panel) => {
    const x = [], ys = panel.lines.map(() => []);
    let before = null;
    for (const p of live.points) {
      if (before && (p.trial !== before.trial || p.second !== before.second + 1)) {
        x.push(before.at_seconds + 1);
        ys.forEach((y) => y.push(null));
      }
      before = p;
      x.push(p.at_seconds + 0.5);
      panel.lines.forEach((line, i) => ys[i].push(p[line.key] == null ? null : p[line.key] * (panel.scale || 1)));
    }
    return [x, ...ys];
  };

  const last = () => live.points.length ? live.points[live.points.length - 1].at_seconds + 1 : 0;
  let range = null;
  const shown = () => range || [live.points.length ? live.points[0].at_seconds : 0, Math.max(last(), 10)];

  const isAlert = (kind) => ["fault", "abort", "interrupted"].includes(kind);

  // A trial begins with its first state; the stages run on its clock.
  const firstOf = (trial) => [...live.bands.values()].find((b) => b.trial === trial);

  // States and the stage the report speaks of lie behind everything.
  const behind = (u) => {
    const {ctx, bbox} = u, right = bbox.left + bbox.width;
    const block = (from, to, name) => {
      const a = Math.max(u.valToPos(from, "x", true), bbox.left), b = Math.min(u.valToPos(to, "x", true), right);
      if (b <= a) return;
      ctx.fillStyle = colour(name);
      ctx.fillRect(a, bbox.top, b - a, bbox.height);
    };
    ctx.save();
    const stage = live.run && live.run.stages.find((s) => s.name === live.run.headline_stage);
    for (const b of live.bands.values()) {
      if (b.number % 2) block(b.from, b.to || last(), "band");
      if (stage && b.number === firstOf(b.trial).number) {
        block(b.from + stage.begin_seconds, Math.min(b.from + stage.end_seconds, b.to || last()), "highlight");
      }
    }
    ctx.restore();
  };

  // A name that does not fit its band is cut, and left out where nothing of it fits.
  const fitting = (ctx, name, wide) => {
    if (ctx.measureText(name).width <= wide) return name;
    for (let n = name.length - 1; n > 2; n--) {
      if (ctx.measureText(name.slice(0, n) + "…").width <= wide) return name.slice(0, n) + "…";
    }
    return "";
  };

  const named = (u) => {
    const {ctx, bbox} = u, right = bbox.left + bbox.width;
    ctx.save();
    ctx.font = 11 * ratio() + "px " + font.slice(5);
    ctx.textBaseline = "bottom";
    ctx.textAlign = "center";
    ctx.fillStyle = colour("muted");
    for (const band of live.bands.values()) {
      const a = Math.max(u.valToPos(band.from, "x", true), bbox.left), b = Math.min(u.valToPos(band.to || last(), "x", true), right);
      if (b > a) ctx.fillText(fitting(ctx, band.state, b - a), (a + b) / 2, bbox.top - 4 * ratio());
    }
    ctx.lineWidth = 1.5 * ratio();
    ctx.setLineDash([2 * ratio(), 3 * ratio()]);
    for (const e of events) {
      const x = u.valToPos(e.at_seconds, "x", true);
      if (!["fault", "abort", "interrupted", "job", "repeat"].includes(e.kind) || x < bbox.left || x > right) continue;
      ctx.strokeStyle = colour(isAlert(e.kind) ? "alert" : "strong");
      ctx.beginPath(); ctx.moveTo(x, bbox.top); ctx.lineTo(x, bbox.top + bbox.height); ctx.stroke();
    }
    ctx.restore();
  };

  const axis = () => ({stroke: () => colour("muted"), font});
  const options = (panel, width) => ({
    width, height: 190, padding: [20, 14, 0, 0],
    scales: {
      x: {time: false, range: () => shown()},
      y: {range: (u, low, high) => [0, panel.most || (high || 0) * 1.06 || 1]},
    },
    axes: [
      {...axis(), grid: {show: false}, size: 30, gap: 4, space: 72, ticks: {stroke: () => colour("strong"), width: 1, size: 4},
        incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400], values: (u, list) => list.map(clock)},
      {...axis(), size: 62, gap: 6, space: 34, grid: {stroke: () => colour("grid"), width: 1}, ticks: {show: false},
        values: (u, list) => list.map((y) => y.toLocaleString("en-US", {maximumFractionDigits: 6}))},
    ],
    cursor: {
      drag: {x: true, y: false, setScale: false, dist: 6}, points: {size: 7},
      sync: {key: "run", setSeries: false, filters: {pub: (type) => type === "mousemove" || type === "mouseleave"}},
      bind: {dblclick: () => () => { look(null); return null; }},
    },
    legend: {markers: {width: 2}},
    series: [{label: "time", value: (u, x) => x == null ? "–" : clock(x)}].concat(panel.lines.map((line) => ({
      label: line.name, stroke: () => colour(line.edge || line.colour), width: line.dashed ? 1.5 : 1.75, dash: line.dashed ? [5, 4] : undefined,
      fill: line.filled ? () => colour(line.colour) + "38" : undefined,
      spanGaps: false, points: {size: 3}, value: (u, y) => withUnit(y, panel.unit === "per second" ? "/s" : panel.unit),
    }))),
    hooks: {
      drawClear: [behind],
      draw: [named],
      setSelect: [(u) => {
        if (u.select.width < 6) return;
        const chosen = [u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x")];
        u.setSelect({left: 0, width: 0, top: 0, height: 0}, false);
        look(chosen);
      }],
    },
  });

  // All panels look at one stretch of time.
  const look = (chosen) => { range = chosen; draw(); };

  const hosts = panels.map((panel) => {
    const box = document.createElement("section"), title = document.createElement("h3"), host = document.createElement("div");
    box.className = "panel";
    title.textContent = panel.name + ", " + panel.unit;
    host.className = "canvas-host";
    host.setAttribute("role", "img");
    box.append(title, host);
    at("panels").append(box);
    return host;
  });

  const build = () => {
    live.plots.forEach((plot) => plot.destroy());
    live.plots = panels.map((panel, i) => new uPlot(options(panel, hosts[i].clientWidth), columns(panel), hosts[i]));
  };

  const draw = () => panels.forEach((panel, i) => {
    live.plots[i].setData(columns(panel), true);
    hosts[i].setAttribute("aria-label", panel.name + ", " + panel.unit + ": " + panel.lines.map((line) =>
      line.name + " " + (line.key === "p95_seconds" ? p95Text() : figure(latest(line.key, panel.scale)))).join(", "));
  });

  // The latest second that knows a number, if it is not long ago.
  const latest = (key, scale) => {
    for (let i = live.points.length - 1; i >= 0 && i >= live.points.length - 5; i--) {
      if (live.points[i][key] != null) return live.points[i][key] * (scale || 1);
    }
    return null;
  };

  // A p95 that is a hit without an answer is drawn at the timeout, and is more than that.
  const p95Text = () => {
    for (let i = live.points.length - 1; i >= 0 && i >= live.points.length - 5; i--) {
      const p = live.points[i];
      if (p.p95_over) return p.p95_seconds == null ? "not answered" : "over " + limit(p.p95_seconds);
      if (p.p95_seconds != null) return withUnit(p.p95_seconds * 1000, "ms");
    }
    return withUnit(null, "ms");
  };

  const tiles = [
    ["requests per second", () => figure(latest("achieved")) + " of " + figure(latest("offered"))],
    ["p95", () => p95Text()],
    ["primary (master DB)", () => withUnit(latest("primary_qps"), "/s")],
    ["replica", () => withUnit(latest("replica_qps"), "/s")],
    ["cache hits", () => withUnit(latest("cache_hit_ratio", 100), "%")],
    ["failed hits so far", () => figure(live.points.reduce((sum, p) => sum + (p.failed || 0), 0))],
  ].map(([label, text]) => {
    const tile = document.createElement("li"), name = document.createElement("h2"), value = document.createElement("span");
    name.className = "label"; name.textContent = label; value.className = "value";
    tile.append(name, value);
    at("figures").append(tile);
    return () => { value.textContent = text(); };
  });

  const stateNow = () => {
    const band = [...live.bands.values()].pop();
    if (!band) return "not begun";
    return (band.to ? "after " : "now ") + band.state + ", trial " + (band.trial + 1);
  };

  const events = [];
  const happened = (e) => {
    events.push(e);
    const item = document.createElement("li");
    for (const [name, text] of [["muted", clock(e.at_seconds)], ["kind" + (isAlert(e.kind) ? " alert" : ""), e.kind], ["", e.text]]) {
      const part = document.createElement("span");
      part.className = name; part.textContent = text;
      item.append(part);
    }
    at("events").prepend(item);
  };

  const ended = (e) => {
    live.ending = e;
    source.close();
    at("verdict").textContent = e.verdict;
    at("verdict").classList.add({pass: "good", fail: "bad"}[e.verdict] || "doubtful");
    at("sentence").textContent = e.sentence;
    at("path").textContent = e.report || "";
    at("report-place").hidden = !e.report;
    at("ending").hidden = false;
    document.title = e.verdict + ": " + (live.run ? live.run.scenario : "rehearse");
    link("the run is over");
  };

  const link = (text, lost) => { at("link").textContent = text; at("link").classList.toggle("lost", !!lost); };

  const began = (run) => {
    // At the same address another run has begun: nothing of this one is of use any more.
    if (live.run && live.run.id !== run.id) { location.reload(); return; }
    live.run = run;
    at("name").textContent = run.scenario;
    at("facts").textContent = [
      run.trials === 1 ? "one trial" : run.trials + " trials", run.stack + " back end",
      run.headline_stage && "headline stage " + run.headline_stage, run.id].filter(Boolean).join(", ");
    document.title = "live: " + run.scenario;
  };

  // A second that is sent again has changed; nearly always it is one of the last.
  const put = (p) => {
    let i = live.points.length;
    while (i > 0 && live.points[i - 1].at_seconds > p.at_seconds) i--;
    const same = i > 0 && live.points[i - 1].trial === p.trial && live.points[i - 1].second === p.second;
    live.points.splice(same ? i - 1 : i, same ? 1 : 0, p);
  };

  build();
  const source = new EventSource("/events");
  source.onopen = () => link("live");
  source.onerror = () => link(source.readyState === EventSource.CLOSED ? "not connected: reload the page" : "connection lost, trying again", true);
  source.onmessage = (m) => {
    const news = JSON.parse(m.data);
    if (news.run) began(news.run);
    for (const band of news.bands || []) live.bands.set(band.number, band);
    (news.points || []).forEach(put);
    (news.events || []).forEach(happened);
    draw();
    tiles.forEach((tile) => tile());
    at("state").textContent = stateNow();
    if (news.ending) ended(news.ending);
  };

  at("reset").addEventListener("click", () => look(null));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", build);
  new ResizeObserver(() => live.plots.forEach((plot, i) => {
    const width = hosts[i].clientWidth;
    if (width > 0 && Math.abs(width - plot.width) > 1) plot.setSize({width, height: plot.height});
  })).observe(at("panels"));
})();
