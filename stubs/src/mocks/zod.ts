// zod/mini, which is a third of zod, with the messages of zod: zod/mini has none of its own.
import {config} from 'zod/mini'
import {en} from 'zod/locales'

config(en())

export * from 'zod/mini'
