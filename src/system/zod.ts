// The parts of zod that this program uses. The build bundles this module with zod, which has a size of 8 MB and
// loads a hundred files; the bundle contains only what is named here.
export {
  array,
  boolean,
  enum,
  int,
  ipv4,
  iso,
  literal,
  looseObject,
  number,
  object,
  record,
  string,
  unknown,
  url,
  type infer,
  type ZodType,
} from 'zod'
