import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

/** The service serves the built files below `pages/`, wherever its own address is: all references are relative. */
export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    outDir: "../app/pages/built",
    emptyOutDir: true,
    assetsDir: "pages",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
