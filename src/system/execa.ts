// The part of execa that this program uses. The build bundles this module with execa and its dependencies: they consist
// of 130 files, which take longer to load than all other modules of a command together.
export {execa, type Options} from 'execa'
