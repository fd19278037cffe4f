import tseslint from 'typescript-eslint';

/** Which rooms a room may not import from. provisioning starts the others through their public faces only. */
const forbidden = {
  api: ['machinery', 'control-plane', 'agent', 'proxy', 'provisioning', 'hardware-tests'],
  machinery: ['control-plane', 'agent', 'proxy', 'provisioning', 'hardware-tests'],
  'control-plane': ['agent', 'proxy', 'provisioning', 'hardware-tests'],
  agent: ['control-plane', 'proxy', 'provisioning', 'hardware-tests'],
  proxy: ['control-plane', 'agent', 'provisioning', 'hardware-tests'],
  provisioning: ['hardware-tests'],
  'hardware-tests': ['control-plane', 'agent', 'proxy', 'provisioning'],
};

const boundaries = Object.entries(forbidden).map(([room, others]) => ({
  files: [`${room}/**/*.ts`],
  rules: {
    'no-restricted-imports': ['error', {
      patterns: [{ regex: `^(\\.\\./)+(${others.join('|')})/`, message: 'rooms meet only in api and machinery (docs/architecture.md)' }],
    }],
  },
}));

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true, allowNullish: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unified-signatures': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'no-console': 'error',
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
    },
  },
  ...boundaries,
  {
    files: ['machinery/**/*.ts', 'control-plane/**/*.ts', 'agent/**/*.ts', 'proxy/**/*.ts'],
    ignores: ['**/*.test.ts', '**/testing/**', '**/test/**', '**/main.ts', 'machinery/clock.ts'],
    rules: {
      'no-restricted-properties': ['error',
        { object: 'Date', property: 'now', message: 'inject a Clock' },
        { object: 'Math', property: 'random', message: 'inject randomness' },
        { object: 'process', property: 'exit', message: 'only main.ts ends the process' }],
    },
  },
  {
    files: ['**/*.test.ts', '**/testing/**/*.ts', '**/test/**/*.ts', 'hardware-tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      // The models of Kubernetes' own client are classes that its users fill as plain objects.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
      'max-lines': 'off',
    },
  },
);
