// All schema rules of @graphql-eslint over schema.graphql, Relay's included; what is off or otherwise has its reason beside it.
import { configs, parser, rules } from '@graphql-eslint/eslint-plugin';

const SCHEMA = 'schema.graphql';

export default [
  {
    files: [SCHEMA],
    plugins: { '@graphql-eslint': { rules } },
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: SCHEMA } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...configs['flat/schema-all'].rules,
      ...configs['flat/schema-relay'].rules,

      // Fields stand in the order in which they are read and enum values in the order in which they come about: an order that tells.
      '@graphql-eslint/alphabetize': 'off',

      '@graphql-eslint/input-name': ['error', { checkInputType: true, caseSensitiveInputType: false }],

      // There are mutations and subscriptions.
      '@graphql-eslint/no-root-type': 'off',

      // Slack and the Git servers page forwards only: what is listed there has no `last` and `before`.
      '@graphql-eslint/relay-arguments': ['error', { includeBoth: false }],

      '@graphql-eslint/relay-edge-types': [
        'error',
        {
          // Connections have `nodes` beside `edges`, payloads a list of errors, and short lists that never grow need no pages.
          listTypeCanWrapOnlyEdgeType: false,
          // Channels, repositories, branches and entries are a provider's: they can be read where they are, not by `node(id:)`.
          shouldImplementNode: false,
        },
      ],

      // The specification's @deprecated takes a reason and nothing else. The reason names the date: tests/service/test_schema.py sees to it.
      '@graphql-eslint/require-deprecation-date': 'off',

      '@graphql-eslint/require-description': [
        'error',
        {
          types: true,
          rootField: true,
          DirectiveDefinition: true,
          EnumValueDefinition: true,
          FieldDefinition: true,
          InputValueDefinition: true,
          // GraphQL's own, printed for readers that are older than it.
          ignoredSelectors: ['[type=DirectiveDefinition][name.value=oneOf]'],
        },
      ],

      // What a mutation changed comes back in its payload; for all else the next request asks.
      '@graphql-eslint/require-field-of-type-query-in-mutation-result': 'off',

      // The team's lists, the viewer and the log's end are always there; what fails to read them, fails the request.
      '@graphql-eslint/require-nullable-result-in-root': 'off',

      '@graphql-eslint/strict-id-in-types': [
        'error',
        {
          exceptions: {
            // An answer's own, a page's, a page entry's; and what happened to something, which is known by its cursor.
            suffixes: ['Payload', 'Connection', 'Edge', 'Change'],
            types: [
              'AuthorizationFailure', // a part of its authorization
              'Branch', // known by repository and name
              'ConnectApi', // the settings of an integration
              'DeliveryAttempt', // a part of its delivery
              'EventOrigin', // a part of its event
              'Forecast', // a part of what will stop
              'MonitorRunFailure', // a part of its run
              'OpenIncidents', // the settings of an integration
              'PageInfo', // a page's
              'PostedMessage', // a part of its delivery
              'PostMonitoringResults', // the settings of an integration
              'PostTeamActivity', // the settings of an integration
              'RefusedIntegration', // an answer's own
              'RepositoryEntry', // known by repository, branch and path
              'RepositoryFile', // known by repository, branch and path
              'SecretField', // a part of its provider
              'UserError', // an answer's own
            ],
          },
        },
      ],
    },
  },
];
