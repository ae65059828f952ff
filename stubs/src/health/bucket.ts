import type {S3ServiceException} from '@aws-sdk/client-s3'
import type {Bucket} from '../environment.js'
import type {Check} from './check.js'

/** Asks the object store for the service's bucket. */
export async function bucketCheck(bucket: Bucket): Promise<Check> {
  // Otherwise it prints six lines about Node 20 among the JSON logs
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED = 'true'
  // Only media needs it; the others need not pay for its start
  const {HeadBucketCommand, S3Client} = await import('@aws-sdk/client-s3')
  const client = new S3Client({
    endpoint: bucket.endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: {accessKeyId: bucket.accessKey, secretAccessKey: bucket.secretKey},
  })
  return {
    name: 's3',
    async probe(abortSignal) {
      try {
        await client.send(new HeadBucketCommand({Bucket: bucket.name}), {abortSignal})
      } catch (error) {
        throw explained(error, bucket.name)
      }
      return {bucket: bucket.name}
    },
    close: () => client.destroy(),
  }
}

// A HEAD answer has no body, so the SDK knows no more than "UnknownError".
function explained(error: unknown, bucket: string): unknown {
  const status = (error as Partial<S3ServiceException>).$metadata?.httpStatusCode
  if (status === 403) {
    return new Error(`access to bucket "${bucket}" is denied (wrong S3_ACCESS_KEY or S3_SECRET_KEY?)`)
  }
  if (status === 404) return new Error(`bucket "${bucket}" does not exist`)
  return status ? new Error(`bucket "${bucket}": the object store answers HTTP ${status}`) : error
}
