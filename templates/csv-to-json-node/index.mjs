// CSV text to a list of objects, by the names in its first line. Quoted fields may hold commas, quotes ("") and line breaks.
export const handler = async ({ csv, separator = ',' }) => {
  if (typeof csv !== 'string') throw new TypeError('Send the text as `csv`.');
  const [names = [], ...rows] = parse(csv, separator);
  return rows.map((row) => Object.fromEntries(names.map((name, column) => [name, row[column] ?? ''])));
};

function parse(text, separator) {
  const rows = [];
  let row = [];
  let field = '';
  let isQuoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (isQuoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') field += text[++at];
      else isQuoted = false;
    } else if (char === '"' && field === '') {
      isQuoted = true;
    } else if (char === separator) {
      row.push(field);
      field = '';
    } else if (char === '\n') {
      rows.push([...row, field]);
      row = [];
      field = '';
    } else if (char !== '\r') {
      field += char;
    }
  }
  if (field !== '' || row.length > 0) rows.push([...row, field]);
  return rows;
}
