/** The package tar-stream, to be loaded on first use (a bundle gives a dynamically imported CommonJS package no named exports). */
export { pack } from 'tar-stream';
