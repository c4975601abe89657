"use strict";
// The page's data to typed columns, and photos to lines of text.
const atlasTable = (() => {
  const kinds = { xy: Uint16Array, codes: Int16Array, values: Float32Array, words: Int32Array };

  function unpack(text, kind) {
    const letters = atob(text);
    const bytes = new Uint8Array(letters.length);
    for (let index = 0; index < bytes.length; index++) bytes[index] = letters.charCodeAt(index);
    return new kinds[kind](bytes.buffer);
  }

  function read(text) {
    const data = JSON.parse(text);
    for (const layout of data.layouts) {
      const grid = unpack(layout.xy, "xy");
      [layout.x, layout.y] = [new Float32Array(data.count), new Float32Array(data.count)];
      for (let row = 0; row < data.count; row++) {
        layout.x[row] = grid[2 * row] / 65535;
        layout.y[row] = grid[2 * row + 1] / 65535;
      }
    }
    for (const column of data.columns) {
      if (column.names) column.codes = unpack(column.codes, "codes");
      else column.values = unpack(column.values, "values");
    }
    for (const column of Object.values(data.words)) column.codes = unpack(column.codes, "words");
    data.column = (key) => data.columns.find((column) => column.key === key);
    data.word = (key, row) => data.words[key].names[data.words[key].codes[row]] ?? "";
    data.name = (key, row) => data.column(key)?.names[data.column(key).codes[row]] ?? "";
    return data;
  }

  function number(value, kind) {
    if (Number.isNaN(value)) return "not known";
    if (kind === "share") return value > 0.995 ? "over 99\u00a0%" : `${Math.round(100 * value)}\u00a0%`;
    return kind === "year" ? String(value) : value.toPrecision(3);
  }

  const told = (column, row) =>
    column.names ? (column.names[column.codes[row]] ?? "not known") : number(column.values[row], column.kind);

  // What a search looks into.
  function haystack(data) {
    const columns = data.columns.filter((column) => column.names);
    return data.ids.map((id, row) =>
      [id, ...columns.map((column) => column.names[column.codes[row]] ?? ""), ...Object.keys(data.words).map((key) => data.word(key, row))]
        .join("\n")
        .toLowerCase(),
    );
  }

  // A cell that begins like a formula must not become one.
  function cell(text) {
    const plain = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
    return /[",\n\r]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  }

  function csv(data, rows, layout) {
    const words = Object.keys(data.words);
    const heads = ["photo", "x", "y", ...data.columns.map((column) => column.key), ...words];
    const lines = rows.map((row) => [
      cell(data.ids[row]),
      layout.x[row].toFixed(4),
      (1 - layout.y[row]).toFixed(4),
      ...data.columns.map((column) =>
        column.names
          ? cell(column.names[column.codes[row]] ?? "")
          : Number.isNaN(column.values[row])
            ? ""
            : String(+column.values[row].toPrecision(6)),
      ),
      ...words.map((key) => cell(data.word(key, row))),
    ]);
    return [heads, ...lines].map((line) => line.join(",")).join("\r\n") + "\r\n";
  }

  return { read, number, told, haystack, csv };
})();
