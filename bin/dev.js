#!/usr/bin/env -S node --import tsx --
// From source, without a build: oclif loads src/commands in development.
import {fileURLToPath} from 'node:url'
import {settings} from '@oclif/core'

process.env.NODE_ENV = 'development'
settings.debug = true
const {main} = await import('../src/cli/main.ts')
await main(fileURLToPath(import.meta.url))
