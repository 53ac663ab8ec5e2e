// The same function for Google's functions-framework, in process.
export const echo = (request, response) => {
  response.json({ hello: request.body.name, padding: request.body.padding });
};
