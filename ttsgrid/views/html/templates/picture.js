// Draws each picture from its JSON and ties the filters to Vega's signals.
"use strict";

for (const holder of document.querySelectorAll("script.picture-data")) {
  draw(holder.dataset.for, JSON.parse(holder.textContent));
}

async function draw(id, picture) {
  const chart = document.getElementById(id);
  const figure = chart.closest("figure");
  const form = figure.querySelector("form.filters");
  for (const dataset of picture.specification.data) {
    if (dataset.name in picture.datasets) dataset.values = rowsOf(picture.datasets[dataset.name]);
  }
  const { view } = await vegaEmbed(chart, picture.specification, {
    actions: false,
    ast: true, // expressions are interpreted: the page allows no eval
    defaultStyle: false,
    logLevel: 1, // errors: it also warns when the filters leave nothing to draw
    renderer: "svg",
    tooltip: tooltipFor(form),
  });
  const show = () => apply(view, form, figure);
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => event.preventDefault());
  // Vega follows the window's width; this follows the figure's, on paper too.
  new ResizeObserver(() => view.resize().signal("width", chart.clientWidth).runAsync()).observe(chart);
  show();
}

// Points come column by column, which is half the size.
function rowsOf(columns) {
  if (Array.isArray(columns)) return columns;
  const names = Object.keys(columns);
  return columns[names[0]].map((_, i) =>
    Object.fromEntries(names.map((name) => [name, columns[name][i]])),
  );
}

async function apply(view, form, figure) {
  const chosen = new FormData(form);
  view.signal("policies", chosen.getAll("policies"));
  view.signal("strategies", chosen.getAll("strategies"));
  for (const name of ["prm", "bin", "measure"]) {
    if (form.elements[name]) view.signal(name, chosen.get(name));
  }
  await view.runAsync();
  const number = figure.querySelectorAll(".seen_marks path").length;
  figure.querySelector(".count").textContent = `${number} point${number === 1 ? "" : "s"} shown`;
  figure.querySelector(".measure").textContent = nameOfChosen(form, "measure");
  figure.querySelector(".by-bin").hidden = (chosen.get("bin") ?? "all") === "all";
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
