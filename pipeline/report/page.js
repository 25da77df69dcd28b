"use strict";
// The sliders of thresholds: every figure is a sum of stored counts.
(() => {
  const source = document.getElementById("threshold-data");
  if (!source) return;
  const { specs, groups } = JSON.parse(source.textContent);
  const whole = new Intl.NumberFormat("en");
  const short = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
  const percent = (part, all) => (all ? `${((100 * part) / all).toFixed(1)} %` : "–");

  function size(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB"];
    let at = 0;
    while (bytes >= 999.5 && at < units.length - 1) { bytes /= 1000; at += 1; }
    return `${bytes >= 999.5 ? whole.format(Math.round(bytes)) : Number(bytes.toPrecision(3))} ${units[at]}`;
  }

  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  const added = (rows) => rows[0].map((_, at) => sum(rows.map((row) => row[at])));

  // Bins 0 to `edge` are beyond an edge for "<", those after it for ">".
  const beyond = (counts, edge, below) => (below ? counts.slice(0, edge + 1) : counts.slice(edge + 1));

  class View {
    constructor(element, data, group) {
      Object.assign(this, { element, data, group, chart: null });
      this.slider = element.querySelector("input");
      this.output = element.querySelector("output");
      this.reset = element.querySelector("button");
      this.effect = element.querySelector(".effect");
      this.slider.addEventListener("input", () => this.show());
      if (this.reset) {
        this.reset.addEventListener("click", () => {
          this.slider.value = data.at;
          this.show();
          this.slider.focus();
        });
      }
    }

    get counts() {
      const chosen = this.group.chosen;
      const rows = chosen === null ? this.data.counts : [this.data.counts[chosen]];
      return [0, 1, 2].map((what) => added(rows.map((counts) => counts[what])));
    }

    show() {
      const { edges, at: own, below } = this.data;
      const edge = Number(this.slider.value);
      const [documents, alone, bytes] = this.counts;
      const found = [documents, alone, bytes].map((row) => sum(beyond(row, edge, below)));
      this.output.textContent = short.format(edges[edge]);
      this.slider.setAttribute("aria-valuetext", short.format(edges[edge]));
      this.write(".documents", found[0], whole.format(found[0]));
      this.write(".share", found[0], percent(found[0], this.group.judged));
      this.write(".alone", found[1], whole.format(found[1]));
      this.write(".bytes", found[2], size(found[2]));
      if (own >= 0) {
        const before = [alone, bytes].map((row) => sum(beyond(row, own, below)));
        const more = found[1] - before[0];
        const text = size(Math.abs(found[2] - before[1]));
        this.write(".change", -more, more
          ? `${whole.format(Math.abs(more))} documents (${text}) ${more > 0 ? "fewer" : "more"} than`
          : "as many documents as");
        this.reset.disabled = edge === own;
      }
      this.draw(edge);
    }

    write(what, value, text) {
      const element = this.effect.querySelector(what);
      if (!element) return;
      element.value = value;
      element.textContent = text;
    }

    bins(edge) {
      const { edges, below, scale } = this.data;
      const [documents, alone] = this.counts;
      const first = scale === "log" ? edges[0] * 0.9 : edges[0] - 0.01;
      const last = edges[edges.length - 1];
      const ends = [first, ...edges, scale === "log" ? last * 1.12 : last + 0.01];
      return documents.map((count, at) => ({
        x1: ends[at], x2: ends[at + 1], documents: count, alone: alone[at],
        beyond: below ? at <= edge : at > edge,
        shown: `${short.format(ends[at])} to ${short.format(ends[at + 1])}: ${whole.format(count)} documents, `
          + `${whole.format(alone[at])} of no other rule`,
      }));
    }

    marks(edge) {
      const { edges, at: own } = this.data;
      const slider = { x: edges[edge], kind: "slider" };
      return own >= 0 ? [slider, { x: edges[own], kind: "recipe" }] : [slider];
    }

    draw(edge) {
      if (this.chart) this.chart.data("bins", this.bins(edge)).data("marks", this.marks(edge)).runAsync();
    }

    async begin() {
      const plot = this.element.querySelector(".plot");
      const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
      const options = { mode: "vega", renderer: "svg", actions: false, defaultStyle: false, tooltip: { theme } };
      const spec = structuredClone(specs[this.data.scale]);
      const edge = Number(this.slider.value);
      const values = { bins: this.bins(edge), marks: this.marks(edge) };
      for (const data of spec.data) if (data.name in values) data.values = values[data.name];
      spec.width = plot.clientWidth;
      this.chart = (await vegaEmbed(plot, spec, options)).view;
      this.show();
      new ResizeObserver(() => {
        if (plot.clientWidth) this.chart.width(plot.clientWidth).runAsync();
      }).observe(plot);
    }
  }

  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        seen.unobserve(entry.target);
        entry.target.view.begin();
      }
    }
  }, { rootMargin: "300px" });

  document.querySelectorAll("[data-group]").forEach((element) => {
    const { judged, views } = groups[Number(element.dataset.group)];
    const group = { chosen: null, judged: sum(judged) };
    const shown = [...element.querySelectorAll(".view")].map((card, at) => new View(card, views[at], group));
    for (const view of shown) {
      view.element.view = view;
      seen.observe(view.element);
    }
    const select = element.querySelector("select");
    if (!select) return;
    select.addEventListener("change", () => {
      group.chosen = select.value === "" ? null : Number(select.value);
      group.judged = group.chosen === null ? sum(judged) : judged[group.chosen];
      shown.forEach((view) => view.show());
    });
  });
})();
