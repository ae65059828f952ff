import {AwsClient} from 'aws4fetch'
import type {Bucket} from '../environment.js'
import {throwCause, type HealthCheck} from './check.js'

/** Creates a check that requests the bucket of the service from the object store. */
export function bucketCheck(bucket: Bucket): HealthCheck {
  const client = new AwsClient({
    accessKeyId: bucket.accessKey,
    secretAccessKey: bucket.secretKey,
    service: 's3',
    region: 'us-east-1',
    retries: 0,
  })
  return {
    name: 's3',
    async probe(signal) {
      const url = `${bucket.endpoint}/${bucket.name}`
      const {status} = await client.fetch(url, {method: 'HEAD', signal}).catch(throwCause)
      if (status !== 200) throw new Error(failureMessage(status, bucket.name))
      return {bucket: bucket.name}
    },
    close: () => {},
  }
}

function failureMessage(status: number, bucket: string): string {
  if (status === 403) return `access to bucket "${bucket}" is denied (wrong S3_ACCESS_KEY or S3_SECRET_KEY?)`
  if (status === 404) return `bucket "${bucket}" does not exist`
  return `bucket "${bucket}": the object store responded with HTTP ${status}`
}
