/** What is used of the package systeminformation, to be loaded on first use (a bundle gives a dynamically imported CommonJS package no named exports). */
export { cpu, mem, networkInterfaceDefault, networkInterfaces, osInfo } from 'systeminformation';
