/** The package yaml behind names of our own, so that it can be loaded on first use: a bundle gives a dynamically imported CommonJS package no named exports. */
export { parseDocument, stringify } from 'yaml';
