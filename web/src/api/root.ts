// Where the API is: beside the page. A proxy may serve both below a path of its
// own (https://example.org/prices/), so no address begins at the host's root.
export function apiRoot(): string {
  return new URL(".", document.baseURI).href;
}
