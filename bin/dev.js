#!/usr/bin/env -S node --import tsx --
// Runs the CLI from source, without a build: in development, oclif loads src/commands.
import {settings} from '@oclif/core'

process.env.NODE_ENV = 'development'
settings.debug = true
const {main} = await import('../src/cli/main.ts')
await main()
