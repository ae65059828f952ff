#!/bin/sh
':' //; exec node -- "$0" "$@"
// Node 20 reads --env-file out of any argument, also of those behind the program; `--` keeps its hands off ours.
import {fileURLToPath} from 'node:url'
import {main} from '../dist/cli/main.js'

await main(fileURLToPath(import.meta.url))
