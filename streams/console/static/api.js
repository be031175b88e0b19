// Asking the console's server.

/** JSON of a path. Throws an Error whose message is one line for the viewer. */
export async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The console's server doesn't answer", { cause: error });
  }
  if (response.status === 401) {
    location.assign("/login");
    throw new Error("Signed out");
  }
  const found = await response.json().catch(() => ({ error: `Status ${response.status}` }));
  if (!response.ok) throw new Error(found.error);
  return found;
}

export const panel = (name, params = {}, options = {}) => {
  const query = new URLSearchParams(params).toString();
  return ask(`/api/panel/${name}${query && `?${query}`}`, options);
};

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
