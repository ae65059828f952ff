// The part of aws4fetch that this program uses. The build bundles this module with it.
export {AwsClient} from 'aws4fetch'
