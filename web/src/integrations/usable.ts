/** Return the installed apps that the viewer can use as they are, without a sign-in. */
export const usable = <App extends { viewerIsAuthenticated: boolean }>(apps: readonly App[]): readonly App[] =>
  apps.filter(({ viewerIsAuthenticated }) => viewerIsAuthenticated);
