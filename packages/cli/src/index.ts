export { defineConfig, type LovageConfig } from './config.ts'
