import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

/** The rooms that may not know each other. provisioning starts the others through their public faces only. */
const rooms = ['control-plane', 'agent', 'proxy'];
const zones = [
  { target: './api', from: ['./machinery', './control-plane', './agent', './proxy', './provisioning', './hardware-tests'], message: 'api is a leaf' },
  { target: './machinery', from: ['./control-plane', './agent', './proxy', './provisioning', './hardware-tests'], message: 'machinery imports api only' },
  ...rooms.map((room) => ({
    target: `./${room}`,
    from: [...rooms.filter((other) => other !== room), 'provisioning', 'hardware-tests'].map((other) => `./${other}`),
    message: 'rooms meet only in api and machinery',
  })),
  { target: './hardware-tests', from: ['./control-plane', './agent', './proxy', './provisioning'], message: 'hardware-tests drive the product from outside' },
];

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      'import-x/no-restricted-paths': ['error', { zones }],
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
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/require-await': 'off',
      'max-lines': 'off',
    },
  },
);
