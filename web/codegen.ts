import type { CodegenConfig } from "@graphql-codegen/cli";

const config = {
  scalars: { DateTime: "string", URL: "string", ID: "string" },
  enumsAsTypes: true,
  useTypeImports: true,
};

/** Typed operations beside the components that use them: `Name.graphql` becomes `Name.generated.ts`. */
const codegen: CodegenConfig = {
  schema: process.env["SCHEMA"] ?? "../schema.graphql",
  documents: "src/**/*.graphql",
  generates: {
    "src/api/schema.generated.ts": { plugins: ["typescript"], config },
    "src/": {
      preset: "near-operation-file",
      presetConfig: { extension: ".generated.ts", baseTypesPath: "api/schema.generated.ts" },
      plugins: ["typescript-operations", "typed-document-node"],
      config: { ...config, optimizeDocumentNode: true },
    },
  },
};

export default codegen;
