import {exampleOf, type ApiDocument} from '../api/document.js'
import type {ApiCall, Handlers} from '../api/serve.js'
import {HttpError} from '../http/problem.js'

interface Crew {
  id: string
  boat: {name: string; seats: number}
  members: {userId: string; name: string}[]
}

/** Creates the handlers of the crew service. Every event has the crews of the document's example. */
export function crewHandlers(document: ApiDocument): Handlers {
  const crews = new Map((exampleOf(document, 'Crews') as Crew[]).map(crew => [crew.id, crew]))

  return {
    listCrews: () => ({status: 200, body: [...crews.values()]}),

    assign({params, body}: ApiCall<Crew['members'][number]>) {
      const crew = crews.get(params.id!)
      if (!crew) throw new HttpError(404, `The crew ${params.id} does not exist.`)
      const others = crew.members.filter(({userId}) => userId !== body.userId)
      if (others.length >= crew.boat.seats) throw new HttpError(409, `The crew of ${crew.boat.name} is full.`)
      const changed = {...crew, members: [...others, body]}
      crews.set(crew.id, changed)
      return {status: 201, body: changed}
    },

    setPreferences: ({params, body, claims}: ApiCall<object>) => ({
      status: 200,
      body: {eventId: params.id, userId: claims.sub, ...body},
    }),
  }
}
