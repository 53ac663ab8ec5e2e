/** The generated client names the browser's type; Node's types have it only as a member. */
type BodyInit = NonNullable<RequestInit['body']>;
