import {exampleOf, type ApiDocument} from '../api/document.js'
import type {Call, Handlers} from '../api/serve.js'
import {Refusal} from '../http/problem.js'

interface Crew {
  id: string
  boat: {name: string; seats: number}
  members: {userId: string; name: string}[]
}

/** The crews of the document's example are those of every event; who is assigned is remembered. */
export function crewHandlers(document: ApiDocument): Handlers {
  const crews = new Map((exampleOf(document, 'Crews') as Crew[]).map(crew => [crew.id, crew]))

  return {
    listCrews: () => ({status: 200, body: [...crews.values()]}),

    assign({params, body}: Call<Crew['members'][number]>) {
      const crew = crews.get(params.id!)
      if (!crew) throw new Refusal(404, `There is no crew ${params.id}.`)
      const others = crew.members.filter(({userId}) => userId !== body.userId)
      if (others.length >= crew.boat.seats) throw new Refusal(409, `The crew of ${crew.boat.name} is full.`)
      const changed = {...crew, members: [...others, body]}
      crews.set(crew.id, changed)
      return {status: 201, body: changed}
    },

    setPreferences: ({params, body, claims}: Call<object>) => ({
      status: 200,
      body: {eventId: params.id, userId: claims.sub, ...body},
    }),
  }
}
