#!/bin/sh
':' //; exec node -- "$0" "$@"
// Node 20 takes --env-file even from the arguments of the program; `--` prevents that.
import {fileURLToPath} from 'node:url'
import {main} from '../dist/cli/main.js'

await main(fileURLToPath(import.meta.url))
