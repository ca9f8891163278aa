// Draws each picture from its JSON and ties the filters to Vega's signals.
"use strict";

for (const holder of document.querySelectorAll("script.picture-data")) {
  draw(holder, JSON.parse(holder.textContent));
}

async function draw(holder, picture) {
  const figure = document.getElementById(holder.dataset.for);
  const form = document.getElementById(holder.dataset.filters);
  const parts = form.parentElement;
  const datasets = Object.fromEntries(
    Object.entries(picture.datasets).map(([name, columns]) => [name, rowsOf(columns)]),
  );
  const tooltip = tooltipFor(form);
  const overview = await embed(figure.querySelector(".overview"), picture.overview, datasets, tooltip);
  const smalls = await Promise.all(
    [...parts.querySelectorAll(".small")].map(async (small) => ({
      policy: small.dataset.policy,
      figure: small,
      view: await embed(small.querySelector(".chart"), picture.strategies, datasets, tooltip),
    })),
  );
  const show = () => apply(overview, smalls, form, figure);
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  show();
}

async function embed(chart, template, datasets, tooltip) {
  const specification = structuredClone(template);
  for (const dataset of specification.data) {
    if (dataset.name in datasets) dataset.values = datasets[dataset.name];
  }
  // A phone's first screen holds the sentences, the verdicts and a chart that is less high.
  const height = Number(getComputedStyle(chart).getPropertyValue("--height"));
  if (height) specification.height = height;
  const { view } = await vegaEmbed(chart, specification, {
    actions: false,
    ast: true, // expressions are interpreted: the page allows no eval
    defaultStyle: false,
    logLevel: 1, // errors: it also warns when the filters leave nothing to draw
    renderer: "svg",
    tooltip,
  });
  // Vega follows the window's width; this follows the figure's, on paper too.
  new ResizeObserver(() => {
    if (chart.clientWidth) view.resize().signal("width", chart.clientWidth).runAsync();
  }).observe(chart);
  return view;
}

// Points come column by column, which is half the size.
function rowsOf(columns) {
  if (Array.isArray(columns)) return columns;
  const names = Object.keys(columns);
  return columns[names[0]].map((_, i) =>
    Object.fromEntries(names.map((name) => [name, columns[name][i]])),
  );
}

async function apply(overview, smalls, form, figure) {
  const chosen = new FormData(form);
  const policies = chosen.getAll("policies");
  set(overview, chosen, policies);
  await overview.runAsync();
  const [xmin, xmax] = overview.scale("x").domain();
  const [ymin, ymax] = overview.scale("y").domain();
  const drawn = smalls.map(({ policy, figure: small, view }) => {
    small.hidden = !policies.includes(policy);
    set(view, chosen, small.hidden ? [] : [policy]);
    // Without a point there is no domain; a log scale can't do without one.
    const domain = Number.isFinite(xmin) && xmin > 0 ? { xmin, xmax, ymin, ymax } : {};
    for (const [name, value] of Object.entries(domain)) view.signal(name, value);
    return view.runAsync();
  });
  await Promise.all(drawn);
  const number = form.parentElement.querySelectorAll(".small .seen_marks path").length;
  form.querySelector(".count").textContent = `${number} point${number === 1 ? "" : "s"} shown`;
  figure.querySelector(".measure").textContent = nameOfChosen(form, "measure");
  form.parentElement.querySelector(".by-bin").hidden = (chosen.get("bin") ?? "all") === "all";
}

function set(view, chosen, policies) {
  view.signal("policies", policies);
  view.signal("strategies", chosen.getAll("strategies"));
  for (const name of ["prm", "bin", "measure"]) {
    if (chosen.get(name) !== null) view.signal(name, chosen.get(name));
  }
}

function nameOfChosen(form, name) {
  return form.elements[name].selectedOptions[0].textContent;
}

// Vega calls this with the point under the pointer, or with null when it leaves.
function tooltipFor(form) {
  const box = document.createElement("div");
  box.className = "tooltip";
  box.hidden = true;
  document.body.append(box);
  return (_handler, event, _item, point) => {
    box.hidden = !point;
    if (!point) return;
    box.replaceChildren(...linesAbout(point, form));
    const x = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
    const above = event.clientY - box.offsetHeight - 14;
    box.style.left = `${Math.max(8, x)}px`;
    box.style.top = `${above > 0 ? above : event.clientY + 18}px`;
  };
}

function linesAbout(point, form) {
  const cost = form.elements.measure.value === "n" ? "" : `${engineering(point.cost)} `;
  const lines = [
    ["strong", point.policy],
    ["span", point.label],
    ["b", `${percent(point.accuracy)} %${rangeOf(point)}`],
    ["small", point.num_problems ? `on ${point.num_problems} problems` : "published elsewhere"],
    ["small", cost ? `${cost}${nameOfChosen(form, "measure")}` : `N = ${point.n}`],
  ];
  return lines.map(([tag, text]) => {
    const line = document.createElement(tag);
    line.textContent = text;
    return line;
  });
}

function rangeOf(point) {
  return point.low === null ? "" : ` (${percent(point.low)} to ${percent(point.high)})`;
}

function percent(share) {
  return (100 * share).toFixed(1);
}

function engineering(value) {
  const prefixes = ["", "k", "M", "G", "T", "P", "E"];
  const power = Math.max(0, Math.min(prefixes.length - 1, Math.floor(Math.log10(value) / 3)));
  return `${Number((value / 1000 ** power).toPrecision(3))} ${prefixes[power]}`.trimEnd();
}

// Paper shows what is folded away.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
