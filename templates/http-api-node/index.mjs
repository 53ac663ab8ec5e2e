const notes = new Map([
  ['1', 'water the seedlings'],
  ['2', 'open the frame at noon'],
]);

export const handler = async (event) => {
  const id = event.rawPath.split('/').pop();
  const note = notes.get(id);
  if (note === undefined) return { statusCode: 404, body: JSON.stringify({ message: `no note ${id}` }) };
  const text = event.queryStringParameters?.upper === 'yes' ? note.toUpperCase() : note;
  return { statusCode: 200, body: JSON.stringify({ id, text }) };
};
