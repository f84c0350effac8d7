// Draws the table beneath each chart with uPlot. The table is the truth: numbers,
// names and addresses are read from it, and it stays for who cannot see a picture.
"use strict";
(() => {
  const number = text => (/^-?[\d,]+$/.test(text) ? Number(text.replaceAll(",", "")) : null);
  const most = 5; // rows that bars are drawn of

  // read answers the columns of numbers, and the rows with their values and addresses.
  const read = table => {
    const heads = [...table.tHead.rows[0].cells];
    const columns = heads.map((th, i) => ({name: th.textContent, i})).filter(c => heads[c.i].classList.contains("num"));
    const rows = [...table.tBodies[0].rows].map(tr => ({
      name: (tr.cells[0].querySelector("a, span") || tr.cells[0]).textContent,
      cells: columns.map(c => {
        const link = tr.cells[c.i].querySelector("a");
        return {value: number((link || tr.cells[c.i]).textContent.trim()), url: link ? link.href : ""};
      }),
    }));
    return {columns: columns.map(c => c.name), rows};
  };

  // lines: a row is a moment, a column is a line.
  const lines = t => ({
    x: t.rows.map((_, i) => i),
    groups: t.rows.map((r, i) => ({at: i, name: r.name})),
    series: t.columns.map((name, c) => ({name, cells: t.rows.map(r => r.cells[c])})),
    group: i => i,
    near: 0.4,
  });

  // bars: a column is a group, in which every row has a place of its own; one place
  // between the groups stays empty.
  const bars = t => {
    const rows = t.rows.filter(r => r.cells.some(c => c.value > 0)).slice(0, most);
    const wide = rows.length + 1;
    const places = t.columns.length * wide - 1;
    return {
      x: [...Array(places).keys()],
      groups: t.columns.map((name, c) => ({at: c * wide + (rows.length - 1) / 2, name})),
      series: rows.map((r, n) => ({name: r.name, cells: [...Array(places).keys()].map(i => (i % wide === n ? r.cells[Math.floor(i / wide)] : {value: null, url: ""}))})),
      group: i => Math.floor(i / wide),
      near: 0.8,
      bars: true,
    };
  };

  const draw = figure => {
    const table = figure.closest(".block").querySelector("table");
    if (!table) return;
    const data = {lines, bars}[figure.dataset.chart](read(table));
    const plot = figure.querySelector(".plot");
    const key = document.createElement("ul");
    key.className = "chart-key";
    key.ariaHidden = "true"; // the table says the same
    const at = document.createElement("li");
    at.className = "at";
    const told = data.series.map((s, n) => {
      const li = document.createElement("li"), mark = document.createElement("i"), name = document.createElement("span"), value = document.createElement("b");
      mark.className = "c" + n;
      name.textContent = s.name;
      li.append(mark, name, value);
      key.append(li);
      return value;
    });
    key.append(at);
    figure.prepend(key);
    figure.hidden = false;
    figure.parentElement.querySelector(".as-table").open = false;

    let chart, pointed = null, touched = null;
    // point finds what lies under the pointer and says it in the key.
    const point = u => {
      pointed = null;
      const i = u.cursor.idx;
      at.textContent = i == null ? "" : data.groups[Math.min(data.group(i), data.groups.length - 1)].name;
      let close = Infinity;
      data.series.forEach((s, n) => {
        // Of bars the whole group is told, of lines the moment.
        const cell = i == null ? null : data.bars ? s.cells.find((c, j) => data.group(j) === data.group(i) && c.value !== null) : s.cells[i];
        told[n].textContent = cell && cell.value !== null ? cell.value.toLocaleString() : "";
        const here = i == null ? null : s.cells[i];
        if (!here || here.value === null || !here.url) return;
        const far = data.bars ? 0 : Math.abs(u.valToPos(here.value, "y") - u.cursor.top);
        if (far < close) [close, pointed] = [far, here.url];
      });
      plot.classList.toggle("pressable", pointed !== null);
    };

    const make = () => {
      const style = getComputedStyle(document.documentElement);
      const colour = name => style.getPropertyValue(name).trim();
      const width = Math.max(240, figure.clientWidth);
      const font = "12px " + getComputedStyle(document.body).fontFamily;
      const axis = {stroke: colour("--faint"), font, grid: {stroke: colour("--line"), width: 1}, ticks: {show: false}};
      // As many names as have room; all groups of bars have.
      const widest = Math.max(...data.groups.map(g => [...g.name].reduce((n, c) => n + (c > "\u2e7f" ? 12.5 : 7), 14)));
      const every = data.bars ? 1 : Math.max(1, Math.ceil(data.groups.length * widest / (width - 60)));
      const shown = data.groups.filter((_, i) => (data.groups.length - 1 - i) % every === 0);
      const narrow = data.bars && widest * data.groups.length > width - 50;
      if (chart) chart.destroy();
      chart = new uPlot({
        width, height: width < 500 ? 220 : 260, legend: {show: false}, padding: [8, data.bars ? 8 : 24, 0, 0],
        cursor: {drag: {x: false, y: false}, y: false, points: {show: !data.bars, size: 10}},
        scales: {x: {time: false, range: () => [data.x[0] - data.near, data.x.at(-1) + data.near]}, y: {range: (_, low, high) => [Math.min(0, low), Math.max(4, high * 1.08)]}},
        axes: [
          {...axis, font: narrow ? font.replace("12px", "10px") : font, grid: {show: false}, size: narrow ? 42 : 30, splits: () => shown.map(g => g.at), values: (_, splits) => splits.map((s, i) => (narrow && i % 2 ? "\n" : "") + shown.find(g => g.at === s).name)},
          {...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6], values: (_, splits) => splits.map(v => v.toLocaleString()), size: (u, values) => 14 + 7 * Math.max(2, ...(values || []).map(v => v.length))},
        ],
        series: [{}, ...data.series.map((s, n) => {
          const ink = colour("--line" + n);
          return data.bars ? {stroke: ink, fill: ink, points: {show: false}, paths: uPlot.paths.bars({size: [0.86, 64], radius: 0.15})}
            : {stroke: ink, width: 2, points: {show: true, size: 7, fill: ink}};
        })],
        hooks: {setCursor: [point]},
      }, [data.x, ...data.series.map(s => s.cells.map(c => c.value))], plot);
      // A finger has nothing to point with: its first touch tells, its second goes there.
      chart.over.addEventListener("click", e => {
        if (e.pointerType === "touch" && touched !== pointed) touched = pointed;
        else if (pointed) location.href = pointed;
      });
    };
    make();
    let width = figure.clientWidth;
    new ResizeObserver(() => { if (figure.clientWidth !== width) { width = figure.clientWidth; make(); } }).observe(figure);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", make);
  };

  document.querySelectorAll("figure[data-chart]").forEach(draw);
})();
